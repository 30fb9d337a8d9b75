using System.CommandLine;

namespace Tandem.Cli.Commands.Runtimes;

/// <summary><c>tandem runtime select</c>, <c>rollback</c> and <c>remove</c>.</summary>
internal static class RuntimeChange
{
    public static Command Select()
    {
        var query = RuntimeCommand.Query("Beginning of the id of an installed runtime.");
        var model = new Option<string?>("--model") { Description = "Only this model gets it.", HelpName = "KEY" };
        var pin = new Option<bool>("--pin") { Description = "Updates leave this choice alone." };
        var unpin = new Option<bool>("--unpin") { Description = "Updates may change this choice again." };
        var json = RuntimeCommand.Json();
        var command = new Command("select", "Chooses the runtime that models of its formats get from their next load on.") { query, model, pin, unpin, json };
        command.SetAction((parsed, _) => HostCommand.RunAsync(async (host, cancellationToken) =>
        {
            var body = new RuntimeRequestBody
            {
                Model = parsed.GetValue(model),
                Pinned = parsed.GetValue(pin) ? true : parsed.GetValue(unpin) ? false : null,
            };
            var selected = await host.PostAsync(
                RuntimeCommand.PathOf(parsed.GetValue(query)!, "/select"), body.ToJson(), CliJson.Default.RuntimeView, cancellationToken);
            if (parsed.GetValue(json))
                RuntimeCommand.PrintJson(selected, CliJson.Readable.RuntimeView);
            else
                Console.Out.WriteLine($"Selected {selected.Id} for {body.Model ?? string.Join(", ", selected.Formats ?? [])}. Running models keep theirs; the next load uses it.");
            return ExitCodes.Ok;
        }));
        return command;
    }

    public static Command RollBack()
    {
        var query = RuntimeCommand.OptionalQuery("Beginning of a runtime's id; the one that has something to go back to when absent.");
        var json = RuntimeCommand.Json();
        var command = new Command("rollback", "Selects again what was selected before.") { query, json };
        command.SetAction((parsed, _) => HostCommand.RunAsync(async (host, cancellationToken) =>
        {
            var id = parsed.GetValue(query) is { } wanted
                ? await SelectedAsync(host, wanted, cancellationToken)
                : await OnlyAsync(host, cancellationToken);
            await host.PostAsync(RuntimeCommand.PathOf(id, "/rollback"), "{}"u8.ToArray(), CliJson.Default.RuntimeView, cancellationToken);
            var now = (await RuntimeCommand.ListAsync(host, cancellationToken)).Runtimes.First(runtime => runtime.Selection?.Previous == id);
            if (parsed.GetValue(json))
                RuntimeCommand.PrintJson(now, CliJson.Readable.RuntimeView);
            else
                Console.Out.WriteLine($"Rolled back from {id} to {now.Id}. Running models keep theirs; the next load uses it.");
            return ExitCodes.Ok;
        }));
        return command;
    }

    public static Command Remove()
    {
        var query = RuntimeCommand.Query("Beginning of the id of an installed runtime.");
        var yes = RuntimeCommand.Yes();
        var dryRun = RuntimeCommand.DryRun();
        var json = RuntimeCommand.Json();
        var command = new Command("remove", "Removes a runtime that nobody uses.") { query, yes, dryRun, json };
        command.SetAction((parsed, _) => HostCommand.RunAsync(async (host, cancellationToken) =>
        {
            var path = RuntimeCommand.PathOf(parsed.GetValue(query)!);
            var removed = await host.DeleteAsync(path + "?dry_run=true", CliJson.Default.RemovedRuntimeView, cancellationToken);
            var words = $"Would remove {removed.Id}.";
            if (!parsed.GetValue(dryRun))
            {
                if (!HostCommand.Confirm($"Remove {removed.Id}?", parsed.GetValue(yes)))
                    return ExitCodes.Failed;
                removed = await host.DeleteAsync(RuntimeCommand.PathOf(removed.Id), CliJson.Default.RemovedRuntimeView, cancellationToken);
                words = $"Removed {removed.Id}.";
            }

            if (parsed.GetValue(json))
                RuntimeCommand.PrintJson(removed, CliJson.Readable.RemovedRuntimeView);
            else
                Console.Out.WriteLine(words);
            return ExitCodes.Ok;
        }));
        return command;
    }

    /// <summary>The selected runtime that a short name means: only that can be rolled back.</summary>
    private static async Task<string> SelectedAsync(HostCalls host, string query, CancellationToken cancellationToken)
    {
        var matches = (await RuntimeCommand.ListAsync(host, cancellationToken)).Runtimes
            .Where(runtime => runtime.Id.StartsWith(query, StringComparison.OrdinalIgnoreCase)).ToList();
        return (matches.FirstOrDefault(runtime => runtime.Selected) ?? matches.FirstOrDefault())?.Id ?? query;
    }

    private static async Task<string> OnlyAsync(HostCalls host, CancellationToken cancellationToken)
    {
        var possible = (await RuntimeCommand.ListAsync(host, cancellationToken)).Runtimes.Where(runtime => runtime.Selection?.Previous is not null).ToList();
        return possible switch
        {
            [var only] => only.Id,
            [] => throw new ComplaintException(new Complaint(ExitCodes.Failed, "There is nothing to roll back to.", "Select a runtime: tandem runtime ls")),
            _ => throw new ComplaintException(Complaint.Usage(
                $"Several could be rolled back: {string.Join(", ", possible.Select(runtime => runtime.Id))}.", "Name one.")),
        };
    }
}
