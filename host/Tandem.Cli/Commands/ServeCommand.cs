using System.CommandLine;
using System.Net;
using Microsoft.Extensions.Logging;
using Tandem.Host;
using Tandem.Host.Api;
using Tandem.Host.Workers;

namespace Tandem.Cli.Commands;

/// <summary><c>tandem serve</c>: the supervisor in the foreground.</summary>
internal static class ServeCommand
{
    private const int DefaultPort = 1234;

    public static Command Create()
    {
        var port = new Option<int>("--port") { Description = "Port to listen on; 0 takes a free one.", DefaultValueFactory = _ => DefaultPort };
        port.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && int.TryParse(text, out var number) && number is < 0 or > 65535)
                result.AddError("The port must be 0 to 65535.");
        });
        var bind = new Option<string>("--bind") { Description = "Loopback address to listen on.", DefaultValueFactory = _ => "127.0.0.1" };
        var home = new Option<string?>("--home") { Description = "Folder of settings, models and runtimes (TANDEM_HOME)." };
        var models = new Option<string[]>("--models") { Description = "A folder of models; may be given again (TANDEM_MODELS)." };
        var command = new Command("serve", "Serves models over HTTP until it is stopped.") { port, bind, home, models };
        command.SetAction((parsed, _) => RunAsync(
            parsed.GetValue(port), parsed.GetValue(bind)!, parsed.GetValue(home), parsed.GetValue(models) ?? []));
        return command;
    }

    private static async Task<int> RunAsync(int port, string bind, string? home, IReadOnlyList<string> models)
    {
        if (LoopbackAddress.Parse(bind) is not { } address)
        {
            return Complaint.Usage($"'{bind}' is not a loopback address, and only programs of this machine may use Tandem for now.",
                "Leave --bind out, or give 127.0.0.1 or ::1.").Print();
        }

        if (models.FirstOrDefault(folder => !Directory.Exists(folder)) is { } missing)
            return Complaint.Usage($"The model folder {missing} does not exist.", "Make it, or leave it out.").Print();
        using var interruption = new Interruption();
        var options = new HostOptions
        {
            HomeFolder = home is null ? HostOptions.DefaultHome() : Path.GetFullPath(home),
            Lasting = true,
            ModelFolders = [.. models.Select(Path.GetFullPath), .. HostOptions.ModelFoldersFromEnvironment()],
        };
        var listen = new ListenOptions(port, address, LogLevel.Information);
        try
        {
            return await SupervisorHost.StartAsync(options, listen, interruption.Token) switch
            {
                SupervisorStart.Started started => await ServeAsync(started.Host, interruption.Token),
                SupervisorStart.PortTaken taken => PortComplaint(taken.EndPoint).Print(),
                SupervisorStart.HomeTaken taken => HomeComplaint(options.HomeFolder, taken.Other).Print(),
                SupervisorStart.Failed { Failure: var failure } =>
                    new Complaint(ExitCodes.Failed, failure.Message, failure.NextStep ?? "").Print(),
                _ => throw new InvalidOperationException("a start has four outcomes"),
            };
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return ExitCodes.Ok;
        }
    }

    private static async Task<int> ServeAsync(SupervisorHost host, CancellationToken stop)
    {
        await using (host)
        {
            await Console.Out.WriteLineAsync($"Tandem listens on {host.Url}");
            await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return ExitCodes.Ok;
    }

    private static Complaint PortComplaint(IPEndPoint endPoint) => new(
        ExitCodes.Failed,
        PortOwner.Find(endPoint.Port) is { } owner
            ? $"Port {endPoint.Port} is taken by {owner.Name} (pid {owner.Pid})."
            : $"Port {endPoint.Port} is taken by another program.",
        "Stop it, or choose another port: tandem serve --port 0 takes a free one.");

    private static Complaint HomeComplaint(string home, HostRecord? other) => new(
        ExitCodes.Refused,
        other is null
            ? $"Another Tandem is just starting on {home}."
            : $"Tandem already serves {home}: pid {other.Pid}, {other.Url}.",
        "Use that one, or give this one another folder with --home.");
}
