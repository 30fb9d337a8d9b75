using System.CommandLine;

namespace Tandem.Cli.Commands.Runtimes;

/// <summary><c>tandem runtime …</c>: the engine builds of this home.</summary>
internal static class RuntimeCommand
{
    public static Command Create() => new("runtime", "Lists, checks, installs, updates and removes engine builds (runtimes).")
    {
        RuntimeLook.List(),
        RuntimeLook.Survey(),
        RuntimeChange.Select(),
        RuntimeInstall.Get(),
        RuntimeInstall.Update(),
        RuntimeChange.RollBack(),
        RuntimeChange.Remove(),
        RuntimeInstall.Add(),
    };

    public static Option<bool> Json() => new("--json") { Description = "Print one object for programs." };

    public static Option<bool> DryRun() => new("--dry-run") { Description = "Only say what would be done." };

    public static Option<bool> Yes() => new("--yes", "-y") { Description = "Do not ask." };

    public static Argument<string> Query(string description) => new("QUERY") { Description = description };

    public static Argument<string?> OptionalQuery(string description) =>
        new("QUERY") { Description = description, Arity = ArgumentArity.ZeroOrOne };

    /// <summary>A runtime's place in the API; its name may be short.</summary>
    public static string PathOf(string query, string action = "") => $"/api/tandem/runtimes/{Uri.EscapeDataString(query)}{action}";

    public static async Task<RuntimeListView> ListAsync(HostCalls host, CancellationToken cancellationToken) =>
        await host.GetAsync("/api/tandem/runtimes", CliJson.Default.RuntimeListView, cancellationToken);

    public static void PrintJson<T>(T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) =>
        Console.Out.WriteLine(System.Text.Json.JsonSerializer.Serialize(value, type));
}
