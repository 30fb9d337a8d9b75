using System.CommandLine;
using System.Globalization;

namespace Tandem.Cli.Commands.Runtimes;

/// <summary><c>tandem runtime ls</c> and <c>survey</c>.</summary>
internal static class RuntimeLook
{
    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(50);

    public static Command List()
    {
        var json = RuntimeCommand.Json();
        var command = new Command("ls", "Lists installed runtimes.") { json };
        command.SetAction((parsed, _) => HostCommand.RunAsync(async (host, cancellationToken) =>
        {
            if (parsed.GetValue(json))
                RuntimeCommand.PrintJson(await host.GetAsync("/api/tandem/runtimes", CliJson.Default.JsonElement, cancellationToken), CliJson.Readable.JsonElement);
            else
                Print(await RuntimeCommand.ListAsync(host, cancellationToken));
            return ExitCodes.Ok;
        }));
        return command;
    }

    public static Command Survey()
    {
        var query = RuntimeCommand.OptionalQuery("Beginning of a runtime's id; all when absent.");
        var json = RuntimeCommand.Json();
        var refresh = new Option<bool>("--refresh") { Description = "Look again at what has not changed, too." };
        var command = new Command("survey", "Checks runtimes: conditions, files, and what they find when they are really loaded.") { query, refresh, json };
        command.SetAction((parsed, _) => HostCommand.RunAsync(async (host, cancellationToken) =>
        {
            var wanted = parsed.GetValue(query);
            if (wanted is not null || parsed.GetValue(refresh))
                await CheckAgainAsync(host, wanted, cancellationToken);
            // The host checks by itself when it starts.
            while ((await RuntimeCommand.ListAsync(host, cancellationToken)).Runtimes.Any(runtime => runtime.State == "checking"))
                await Task.Delay(AskEvery, TimeProvider.System, cancellationToken);
            if (parsed.GetValue(json))
                RuntimeCommand.PrintJson(await host.GetAsync("/api/tandem/runtimes", CliJson.Default.JsonElement, cancellationToken), CliJson.Readable.JsonElement);
            else
                PrintSurvey(await RuntimeCommand.ListAsync(host, cancellationToken), wanted);
            return ExitCodes.Ok;
        }));
        return command;
    }

    private static async Task CheckAgainAsync(HostCalls host, string? query, CancellationToken cancellationToken)
    {
        var ids = query is null ? [.. (await RuntimeCommand.ListAsync(host, cancellationToken)).Runtimes.Select(runtime => runtime.Id)] : new[] { query };
        await Task.WhenAll(ids.Select(id => host.PostAsync(RuntimeCommand.PathOf(id, "/survey"), "{}"u8.ToArray(), CliJson.Default.JsonElement, cancellationToken)));
    }

    private static void Print(RuntimeListView list)
    {
        if (list.Runtimes.Count == 0)
            Console.Out.WriteLine("No runtimes are installed. Install one: tandem runtime get llama.cpp");
        var width = list.Runtimes.Select(runtime => runtime.Id.Length).Append("RUNTIME".Length).Max() + 2;
        if (list.Runtimes.Count > 0)
            Console.Out.WriteLine($"{"RUNTIME".PadRight(width)}SELECTED  FORMAT  STATE");
        foreach (var runtime in list.Runtimes)
        {
            var mark = runtime.Selected ? runtime.Selection?.Pinned == true ? "✓ pinned" : "✓" : "";
            Console.Out.WriteLine($"{runtime.Id.PadRight(width)}{mark,-10}{string.Join(',', runtime.Formats ?? []),-8}{StateOf(runtime)}");
            foreach (var line in Remarks(runtime))
                Console.Out.WriteLine($"  {line}");
        }

        foreach (var plugin in list.Plugins.Where(plugin => plugin.State != "loaded"))
            Console.Out.WriteLine($"engine {plugin.Id}: {plugin.State}: {plugin.Reason}");
    }

    private static void PrintSurvey(RuntimeListView list, string? query)
    {
        foreach (var runtime in list.Runtimes.Where(runtime => runtime.Id.StartsWith(query ?? "", StringComparison.OrdinalIgnoreCase)))
        {
            Console.Out.WriteLine($"{runtime.Id}  {StateOf(runtime)}  {runtime.Compatibility}");
            foreach (var line in Remarks(runtime))
                Console.Out.WriteLine($"  {line}");
            if (runtime.Probe is not { } probe)
                continue;
            Console.Out.WriteLine($"  engine {probe.Version}, probed in {probe.Seconds.ToString("0.00", CultureInfo.InvariantCulture)} s");
            foreach (var device in probe.Devices)
                Console.Out.WriteLine($"  {device.Name}: {device.Description.Trim()}, {device.MemoryTotal / (1024 * 1024)} MiB");
        }
    }

    private static string StateOf(RuntimeView runtime) => runtime.Bundled ? $"{runtime.State} (comes with Tandem)" : runtime.State;

    private static IEnumerable<string> Remarks(RuntimeView runtime)
    {
        if (runtime.Reason is { } reason)
            yield return $"{reason} {runtime.NextStep}";
        foreach (var warning in runtime.Warnings ?? [])
            yield return warning;
        foreach (var missing in runtime.MissingFeatures ?? [])
            yield return $"{missing.Message} {missing.NextStep}";
        if (runtime.Selection?.Notice is { } notice)
            yield return notice;
    }
}
