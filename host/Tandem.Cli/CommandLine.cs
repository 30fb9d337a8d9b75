using System.CommandLine;
using Tandem.Cli.Commands;
using Tandem.Cli.Commands.Runtimes;

namespace Tandem.Cli;

/// <summary>The commands of <c>tandem</c>.</summary>
internal static class CommandLine
{
    public static RootCommand Create() => new("Runs language models on this machine, faster with a draft model.")
    {
        RunCommand.Create(),
        ServeCommand.Create(),
        ModelCommands.CreateLs(),
        ModelCommands.CreatePs(),
        LoadCommands.CreateLoad(),
        LoadCommands.CreateUnload(),
        PairsCommand.Create(),
        RuntimeCommand.Create(),
        BenchCommand.Create(),
    };

    /// <summary>The command that was meant, for messages; empty for none.</summary>
    public static string NameOf(ParseResult parsed) => parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name;
}
