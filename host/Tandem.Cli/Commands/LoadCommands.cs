using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tandem.Cli.Commands;

/// <summary><c>tandem load</c> and <c>unload</c>: models of the running host, by hand.</summary>
internal static class LoadCommands
{
    private const string WorkersPath = "/api/tandem/workers";

    public static Command CreateLoad()
    {
        var model = new Argument<string>("MODEL") { Description = "Key of the model, or any short form that fits one." };
        var draft = new Option<string?>("--draft") { Description = "Draft model: a key, auto or off; else the model's default.", HelpName = "KEY" };
        var context = new Option<int?>("--context-length", "-c") { Description = "Tokens of context." };
        var parallel = new Option<int?>("--parallel") { Description = "Requests that are answered at the same time." };
        var gpu = new Option<int?>("--gpu-layers") { Description = "Layers on the GPU; -1: all." };
        var ttl = new Option<int?>("--ttl") { Description = "Unload it after so many seconds without use; else it stays." };
        var runtime = new Option<string?>("--runtime") { Description = "Beginning of the id of an installed runtime.", HelpName = "ID" };
        var json = ModelCommands.Json();
        var command = new Command("load", "Loads a model; once more if it is loaded already.") { model, draft, context, parallel, gpu, ttl, runtime, json };
        command.SetAction((parsed, _) => HostCommand.RunIfHostedAsync(
            (host, cancellationToken) =>
            {
                var load = new JsonObject();
                Add(load, "context_length", parsed.GetValue(context));
                Add(load, "parallel", parsed.GetValue(parallel));
                Add(load, "gpu_layers", parsed.GetValue(gpu));
                var body = new JsonObject { ["model"] = parsed.GetValue(model) };
                Add(body, "draft_model", parsed.GetValue(draft));
                Add(body, "ttl", parsed.GetValue(ttl));
                Add(body, "runtime", parsed.GetValue(runtime));
                if (load.Count > 0)
                    body["load"] = load;
                return LoadAsync(host, body, parsed.GetValue(json), cancellationToken);
            },
            _ => NoHost));
        return command;
    }

    public static Command CreateUnload()
    {
        var identifier = new Argument<string?>("IDENTIFIER") { Arity = ArgumentArity.ZeroOrOne, Description = "What `tandem ps` calls it, or the key of a model." };
        var all = new Option<bool>("--all", "-a") { Description = "Unload everything." };
        var json = ModelCommands.Json();
        var command = new Command("unload", "Unloads a model. Running answers get a moment to finish.") { identifier, all, json };
        command.SetAction((parsed, _) => HostCommand.RunIfHostedAsync(
            (host, cancellationToken) => UnloadAsync(host, parsed.GetValue(identifier), parsed.GetValue(all), parsed.GetValue(json), cancellationToken),
            _ => NoHost));
        return command;
    }

    private static Complaint NoHost => new(ExitCodes.HostNotReachable, "No host of this home is running, so nothing is loaded.", "Start one: tandem serve");

    private static async Task<int> LoadAsync(HostCalls host, JsonObject body, bool json, CancellationToken cancellationToken)
    {
        var loaded = await host.RunJobAsync(WorkersPath, BytesOf(body), json, cancellationToken);
        var worker = loaded.Deserialize(CliJson.Default.WorkerView)!;
        if (json)
            Console.Out.WriteLine(JsonSerializer.Serialize(loaded, CliJson.Readable.JsonElement));
        else
            Console.Out.WriteLine($"Loaded {worker.Instance}{(worker.Draft is { } draft ? $" with its draft {draft}" : "")} on {worker.Runtime}.");
        return ExitCodes.Ok;
    }

    private static async Task<int> UnloadAsync(HostCalls host, string? identifier, bool all, bool json, CancellationToken cancellationToken)
    {
        if (identifier is null != all)
            throw new ComplaintException(Complaint.Usage("Name what to unload, or say --all.", "`tandem ps` lists what is loaded."));
        string[] identifiers = all
            ? [.. (await host.GetAsync(WorkersPath, CliJson.Default.WorkersView, cancellationToken)).Workers.Select(worker => worker.Instance)]
            : [identifier!];
        var gone = new List<string>();
        foreach (var one in identifiers)
        {
            var body = new JsonObject { ["instance_id"] = one };
            gone.Add((await host.PostAsync("/api/v1/models/unload", BytesOf(body), CliJson.Default.UnloadedView, cancellationToken)).InstanceId);
        }

        if (json)
            Console.Out.WriteLine(JsonSerializer.Serialize<IReadOnlyList<string>>(gone, CliJson.Readable.IReadOnlyListString));
        else
            Console.Out.WriteLine(gone.Count == 0 ? "No models are loaded." : $"Unloaded {string.Join(", ", gone)}.");
        return ExitCodes.Ok;
    }

    private static byte[] BytesOf(JsonObject body) => JsonSerializer.SerializeToUtf8Bytes(body, CliJson.Default.JsonObject);

    private static void Add(JsonObject body, string name, JsonNode? value)
    {
        if (value is not null)
            body[name] = value;
    }
}

internal sealed record WorkersView(IReadOnlyList<WorkerView> Workers);

/// <param name="Instance">What it is called.</param>
internal sealed record WorkerView(string Instance, string Model, string? Draft, string? Runtime);

internal sealed record UnloadedView(string InstanceId);
