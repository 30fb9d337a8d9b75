using System.CommandLine;
using System.Text.Json;

namespace Tandem.Cli.Commands.Runtimes;

/// <summary><c>tandem runtime get</c>, <c>update</c> and <c>add</c>.</summary>
internal static class RuntimeInstall
{
    private const long Megabyte = 1024 * 1024;

    public static Command Get()
    {
        var query = RuntimeCommand.OptionalQuery("Beginning of an id, e.g. llama.cpp@0.5.0; the newest and best that matches is taken.");
        var wheels = new Option<string?>("--wheels") { Description = "Folder of Python packages to install from instead of an index.", HelpName = "DIR" };
        var list = new Option<bool>("--list", "-l") { Description = "Only list what there is." };
        var (yes, dryRun, json) = (RuntimeCommand.Yes(), RuntimeCommand.DryRun(), RuntimeCommand.Json());
        var command = new Command("get", "Installs a runtime.") { query, wheels, list, yes, dryRun, json };
        command.SetAction((parsed, _) => HostCommand.RunAsync(async (host, cancellationToken) =>
        {
            var folder = parsed.GetValue(wheels) is { } given ? Path.GetFullPath(given) : null;
            if (parsed.GetValue(list) || parsed.GetValue(query) is null)
                return await ListAsync(host, parsed.GetValue(query) ?? "", folder, parsed.GetValue(json), cancellationToken);
            var body = new RuntimeRequestBody { Query = parsed.GetValue(query), Wheels = folder, DryRun = true };
            var plan = await host.PostAsync("/api/tandem/runtimes", body.ToJson(), CliJson.Default.RuntimePlanView, cancellationToken);
            if (parsed.GetValue(dryRun))
                return Show(plan, parsed.GetValue(json));
            if (!parsed.GetValue(json))
                Console.Error.WriteLine($"{plan.Text}, about {Math.Max(1, plan.DiskBytes / Megabyte)} MiB on disk");
            if (!HostCommand.Confirm($"Install {plan.Next}?", parsed.GetValue(yes)))
                return ExitCodes.Failed;
            // The whole id: what was named is what is installed.
            body = body with { Query = plan.Next, DryRun = null };
            return await RunJobAsync(host, "/api/tandem/runtimes", body, parsed.GetValue(json), cancellationToken);
        }));
        return command;
    }

    public static Command Update()
    {
        var query = RuntimeCommand.OptionalQuery("Beginning of a runtime's id; all that are selected when absent.");
        var (yes, dryRun, json) = (RuntimeCommand.Yes(), RuntimeCommand.DryRun(), RuntimeCommand.Json());
        var command = new Command("update", "Installs the newest of what is selected and selects it; the first load that fails rolls it back.") { query, yes, dryRun, json };
        command.SetAction((parsed, _) => HostCommand.RunAsync(async (host, cancellationToken) =>
        {
            var wanted = parsed.GetValue(query) ?? "";
            var selected = (await RuntimeCommand.ListAsync(host, cancellationToken)).Runtimes
                .Where(runtime => runtime.Selected && runtime.Id.StartsWith(wanted, StringComparison.OrdinalIgnoreCase)).ToList();
            if (selected.Count == 0)
                return new Complaint(ExitCodes.NotFound, $"No selected runtime matches '{wanted}'.", "tandem runtime ls shows what is selected.").Print();
            foreach (var runtime in selected)
            {
                var path = RuntimeCommand.PathOf(runtime.Id, "/update");
                var plan = await host.PostAsync(path, new RuntimeRequestBody { DryRun = true }.ToJson(), CliJson.Default.RuntimePlanView, cancellationToken);
                if (plan.Next is null || parsed.GetValue(dryRun))
                {
                    Show(plan, parsed.GetValue(json));
                    continue;
                }

                if (!parsed.GetValue(json))
                    Console.Error.WriteLine($"Update: {plan.Text}");
                if (!HostCommand.Confirm($"Update to {plan.Next}?", parsed.GetValue(yes)))
                    return ExitCodes.Failed;
                await RunJobAsync(host, path, new RuntimeRequestBody(), parsed.GetValue(json), cancellationToken);
            }

            return ExitCodes.Ok;
        }));
        return command;
    }

    public static Command Add()
    {
        var path = new Argument<string>("PATH") { Description = "Folder or archive (tar, tar.gz, zip) with a build of your own." };
        var (dryRun, json) = (RuntimeCommand.DryRun(), RuntimeCommand.Json());
        var command = new Command("add", "Adds an engine build of your own; it is copied.") { path, dryRun, json };
        command.SetAction((parsed, _) => HostCommand.RunAsync(async (host, cancellationToken) =>
        {
            var body = new RuntimeRequestBody { Path = Path.GetFullPath(parsed.GetValue(path)!), DryRun = parsed.GetValue(dryRun) ? true : null };
            return parsed.GetValue(dryRun)
                ? Show(await host.PostAsync("/api/tandem/runtimes", body.ToJson(), CliJson.Default.RuntimePlanView, cancellationToken), parsed.GetValue(json))
                : await RunJobAsync(host, "/api/tandem/runtimes", body, parsed.GetValue(json), cancellationToken);
        }));
        return command;
    }

    private static async Task<int> ListAsync(HostCalls host, string query, string? wheels, bool json, CancellationToken cancellationToken)
    {
        var path = $"/api/tandem/runtimes/available?query={Uri.EscapeDataString(query)}{(wheels is null ? "" : $"&wheels={Uri.EscapeDataString(wheels)}")}";
        var list = await host.GetAsync(path, CliJson.Default.AvailableRuntimesView, cancellationToken);
        if (json)
        {
            RuntimeCommand.PrintJson(list, CliJson.Readable.AvailableRuntimesView);
            return ExitCodes.Ok;
        }

        foreach (var one in list.Available)
            Console.Out.WriteLine($"{one.Id}{(one.Installed ? "  installed" : "")}{(one.Unfit is { } unfit ? $"  ({unfit})" : "")}");
        if (list.Available.Count == 0)
            Console.Out.WriteLine(query.Length > 0 ? $"Nothing matches '{query}'." : "Nothing is offered for this machine.");
        return ExitCodes.Ok;
    }

    private static async Task<int> RunJobAsync(HostCalls host, string path, RuntimeRequestBody body, bool json, CancellationToken cancellationToken)
    {
        var installed = (await host.RunJobAsync(path, body.ToJson(), json, cancellationToken)).Deserialize(CliJson.Default.InstalledRuntimeView)!;
        if (json)
            RuntimeCommand.PrintJson(installed, CliJson.Readable.InstalledRuntimeView);
        else if (installed.AlreadyThere)
            Console.Out.WriteLine($"{installed.Id} is installed already.{(installed.Selected ? "" : $" Select it: tandem runtime select {installed.Id}")}");
        else if (installed.Selected)
            Console.Out.WriteLine($"Installed and selected {installed.Id}. Running models keep theirs; the next load uses it.");
        else
            Console.Out.WriteLine($"Installed {installed.Id}. Select it: tandem runtime select {installed.Id}");
        return ExitCodes.Ok;
    }

    private static int Show(RuntimePlanView plan, bool json)
    {
        if (json)
            RuntimeCommand.PrintJson(plan, CliJson.Readable.RuntimePlanView);
        else
            Console.Out.WriteLine(plan.Text);
        return ExitCodes.Ok;
    }
}
