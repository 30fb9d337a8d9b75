using System.CommandLine;
using System.Text.Json;

namespace Tandem.Cli.Commands;

/// <summary><c>tandem pairs</c>: which models can draft for which, and why not.</summary>
internal static class PairsCommand
{
    public static Command Create()
    {
        var json = ModelCommands.Json();
        var model = new Argument<string?>("MODEL") { Arity = ArgumentArity.ZeroOrOne, Description = "Main model; without it the best draft of every model." };
        var command = new Command("pairs", "Says which models can draft for a model, and why the others cannot.") { model, json };
        command.SetAction((parsed, _) => HostCommand.RunAsync((host, cancellationToken) => parsed.GetValue(model) is { } main
            ? PrintOneAsync(host, main, parsed.GetValue(json), cancellationToken)
            : PrintAllAsync(host, parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static async Task<int> PrintOneAsync(HostCalls host, string main, bool json, CancellationToken cancellationToken)
    {
        var pairs = await PairsOfAsync(host, main, cancellationToken);
        if (json)
            Console.Out.WriteLine(JsonSerializer.Serialize(pairs, CliJson.Readable.PairsView));
        else
            Table.Print(["DRAFT", "VERDICT", "RANK", ""], pairs.Drafts.Select(draft => (string[])[draft.Key, draft.Verdict, Rank(draft), Remark(draft)]));
        return ExitCodes.Ok;
    }

    private static async Task<int> PrintAllAsync(HostCalls host, bool json, CancellationToken cancellationToken)
    {
        var all = new List<PairsView>();
        foreach (var model in (await ModelCommands.ListAsync(host, cancellationToken)).Models.Where(model => model is { Shadowed: false, Description.Kind: "llm" }))
        {
            var pairs = await PairsOfAsync(host, model.Key, cancellationToken);
            all.Add(pairs with { Drafts = [.. pairs.Drafts.Where(draft => draft.Rank is not null)] });
        }

        if (json)
            Console.Out.WriteLine(JsonSerializer.Serialize(all, CliJson.Readable.IReadOnlyListPairsView));
        else
            Table.Print(["MODEL", "FITTING", "BEST DRAFT", ""], all.Select(Row));
        return ExitCodes.Ok;
    }

    private static string[] Row(PairsView pairs) => pairs.Drafts is [var best, ..]
        ? [pairs.Main ?? "", ModelCommands.Number(pairs.Drafts.Count), best.Key, Remark(best)]
        : [pairs.Main ?? "", "0", "none", ""];

    private static Task<PairsView> PairsOfAsync(HostCalls host, string main, CancellationToken cancellationToken) => host.GetAsync(
        $"/api/tandem/pairs?main={Uri.EscapeDataString(main)}", CliJson.Default.PairsView, pairs => pairs.State == "ready", cancellationToken);

    private static string Rank(DraftView draft) => draft.Rank is { } rank ? ModelCommands.Number(rank) : "";

    private static string Remark(DraftView draft) => draft.Verdict == "refused"
        ? string.Join(" ", draft.Reasons.Select(reason => reason.Message))
        : draft.Recommended ? "recommended" : draft.Advice ?? "";
}
