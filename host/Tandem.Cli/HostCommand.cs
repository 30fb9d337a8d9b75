using Tandem.Host;

namespace Tandem.Cli;

/// <summary>What commands that talk to the host share: the connection, interruption, complaints.</summary>
internal static class HostCommand
{
    /// <summary>Runs a command against the host of this home, which is hosted for its duration when none runs.</summary>
    /// <param name="work">Returns the exit code.</param>
    public static Task<int> RunAsync(Func<HostCalls, CancellationToken, Task<int>> work) => RunAsync(HostConnection.OpenOrHostAsync, work);

    /// <summary>Runs a command against the host of this home if one runs; does <paramref name="withoutHost"/> otherwise.</summary>
    public static Task<int> RunIfHostedAsync(Func<HostCalls, CancellationToken, Task<int>> work, Func<HostOptions, Complaint?> withoutHost) => RunAsync(
        async (home, cancellationToken) => await HostConnection.FindAsync(home, cancellationToken) is { } connection
            ? (connection, null)
            : (null, withoutHost(home)),
        work);

    private static async Task<int> RunAsync(
        Func<HostOptions, CancellationToken, Task<(HostConnection? Connection, Complaint? Complaint)>> connect,
        Func<HostCalls, CancellationToken, Task<int>> work)
    {
        using var interruption = new Interruption();
        try
        {
            var home = new HostOptions { HomeFolder = HostOptions.DefaultHome(), ModelFolders = HostOptions.ModelFoldersFromEnvironment() };
            var (connection, complaint) = await connect(home, interruption.Token);
            if (connection is null)
                return complaint?.Print() ?? ExitCodes.Ok;
            await using (connection)
                return await work(new HostCalls(connection.Client), interruption.Token);
        }
        catch (ComplaintException exception)
        {
            return exception.Complaint.Print();
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode;
        }
        catch (HttpRequestException exception)
        {
            return new Complaint(ExitCodes.HostNotReachable, $"The connection to the host broke: {exception.Message}", "Try again.").Print();
        }
    }

    /// <summary>Asks before something is done that cannot be undone easily.</summary>
    public static bool Confirm(string question, bool yes)
    {
        if (yes)
            return true;
        if (Console.IsInputRedirected)
        {
            throw new ComplaintException(Complaint.Usage(
                $"{question} There is no terminal to ask on.", "Give the command again with --yes."));
        }

        Console.Error.Write($"{question} [y/N] ");
        return Console.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }
}
