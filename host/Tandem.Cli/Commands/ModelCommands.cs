using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace Tandem.Cli.Commands;

/// <summary><c>tandem ls</c> and <c>ps</c>: what is here, and what is loaded.</summary>
internal static class ModelCommands
{
    public const string ListPath = "/api/tandem/models";

    public static Command CreateLs()
    {
        var llm = new Option<bool>("--llm") { Description = "Language models only." };
        var embedding = new Option<bool>("--embedding") { Description = "Embedding models only." };
        var json = Json();
        var command = new Command("ls", "Lists the models that were found.") { llm, embedding, json };
        command.SetAction((parsed, _) => HostCommand.RunAsync(async (host, cancellationToken) =>
        {
            var list = await ListAsync(host, cancellationToken);
            var kind = parsed.GetValue(llm) ? "llm" : parsed.GetValue(embedding) ? "embedding" : null;
            IReadOnlyList<ModelView> chosen = [.. list.Models.Where(model => kind is null || model.Description?.Kind == kind)];
            if (parsed.GetValue(json))
                Console.Out.WriteLine(JsonSerializer.Serialize(chosen, CliJson.Readable.IReadOnlyListModelView));
            else
                Table.Print(["MODEL", "PARAMS", "QUANT", "SIZE", "ENGINE", ""], chosen.Select(Row));
            return ExitCodes.Ok;
        }));
        return command;
    }

    public static Command CreatePs()
    {
        var json = Json();
        var command = new Command("ps", "Lists the models that are loaded.") { json };
        command.SetAction((parsed, _) => HostCommand.RunIfHostedAsync(
            async (host, cancellationToken) =>
            {
                var list = await host.GetAsync(ListPath, CliJson.Default.ModelsView, cancellationToken);
                return PrintLoaded([.. list.Models.SelectMany(LoadedOf)], parsed.GetValue(json));
            },
            _ =>
            {
                PrintLoaded([], parsed.GetValue(json));
                return null;
            }));
        return command;
    }

    /// <summary>All models, once every one is known.</summary>
    public static Task<ModelsView> ListAsync(HostCalls host, CancellationToken cancellationToken) =>
        host.GetAsync(ListPath, CliJson.Default.ModelsView, list => list.State == "ready", cancellationToken);

    public static Option<bool> Json() => new("--json") { Description = "Print it as JSON." };

    public static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static IEnumerable<LoadedView> LoadedOf(ModelView model) => model.Instances.Select(instance => new LoadedView(
        instance.Id, model.Key, instance.State, instance.DraftModel, model.Description?.SizeBytes ?? 0, model.Engine));

    private static int PrintLoaded(IReadOnlyList<LoadedView> loaded, bool json)
    {
        if (json)
            Console.Out.WriteLine(JsonSerializer.Serialize(loaded, CliJson.Readable.IReadOnlyListLoadedView));
        else if (loaded.Count == 0)
            Console.Out.WriteLine("No models are loaded.");
        else
            Table.Print(["IDENTIFIER", "STATUS", "SIZE", "DRAFT", "ENGINE"], loaded.Select(one => (string[])[one.Id, one.State, Size(one.SizeBytes), one.DraftModel ?? "", one.Engine]));
        return ExitCodes.Ok;
    }

    private static string[] Row(ModelView model) =>
    [
        model.Key,
        model.Description is { } one ? Short(one.Parameters) : "",
        model.Description?.Quantization ?? "",
        model.Description is { } described ? Size(described.SizeBytes) : "",
        model.Engine,
        Remark(model),
    ];

    private static string Remark(ModelView model) =>
        model.Problem is { } problem ? $"unusable: {problem}"
        : model.Shadowed ? $"not reachable: an earlier folder has this key ({model.Path})"
        : model.Instances.Count > 0 ? "loaded"
        : model.RecommendedFor > 0 ? $"recommended as draft for {Number(model.RecommendedFor)} of your models"
        : "";

    private static string Size(long bytes) => bytes >= 1 << 30
        ? FormattableString.Invariant($"{bytes / (double)(1 << 30):F2} GiB")
        : FormattableString.Invariant($"{bytes / (double)(1 << 20):F1} MiB");

    private static string Short(long parameters) => parameters >= 1_000_000_000
        ? FormattableString.Invariant($"{parameters / 1e9:0.#}B")
        : FormattableString.Invariant($"{parameters / 1e6:0.#}M");
}
