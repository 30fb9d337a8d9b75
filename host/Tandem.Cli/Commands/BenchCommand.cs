using System.CommandLine;
using System.Text.Json;

namespace Tandem.Cli.Commands;

/// <summary><c>tandem bench</c>: a model without a draft, with each, and with n-grams.</summary>
internal static class BenchCommand
{
    private const string DefaultModel = "tandem/storyteller";

    public static Command Create()
    {
        var model = new Option<string>("--model", "-m") { Description = "Model to measure.", DefaultValueFactory = _ => DefaultModel };
        var drafts = new Option<string[]>("--draft") { Description = "Draft model to measure it with; may be given several times. Else its default and the best that fit.", HelpName = "KEY" };
        var prompts = new Option<FileInfo?>("--prompts") { Description = "A file of prompts instead of the built-in ones, one a line." };
        var rounds = new Option<int?>("--rounds") { Description = "How often everything is measured; 3 when absent." };
        var tokens = new Option<int?>("--max-tokens") { Description = "Tokens per answer; 200 when absent." };
        var temperature = new Option<double?>("--temperature") { Description = "0 to 2; else the model's default." };
        var json = new Option<bool>("--json") { Description = "Print one object with everything measured." };
        var command = new Command("bench", "Measures how much faster a draft model makes a model on this machine.")
        {
            model, drafts, prompts, rounds, tokens, temperature, json,
        };
        command.SetAction((parsed, _) => HostCommand.RunAsync(async (host, cancellationToken) =>
        {
            var body = new BenchBody(parsed.GetValue(model)!)
            {
                Drafts = parsed.GetValue(drafts) is { Length: > 0 } named ? named : null,
                Prompts = parsed.GetValue(prompts) is { } file ? await ReadAsync(file, cancellationToken) : null,
                Rounds = parsed.GetValue(rounds),
                MaxTokens = parsed.GetValue(tokens),
                Temperature = parsed.GetValue(temperature),
            };
            await MeasureAsync(host, body, parsed.GetValue(json), cancellationToken);
            return ExitCodes.Ok;
        }));
        return command;
    }

    private static async Task<IReadOnlyList<string>> ReadAsync(FileInfo file, CancellationToken cancellationToken)
    {
        if (!file.Exists)
            throw new ComplaintException(Complaint.Usage($"There is no file {file.FullName}.", "Give a text file with one prompt a line."));
        List<string> prompts = [.. (await File.ReadAllLinesAsync(file.FullName, cancellationToken)).Where(line => line.Trim().Length > 0)];
        return prompts.Count > 0 ? prompts : throw new ComplaintException(Complaint.Usage($"{file.FullName} has no prompts.", "Write one a line."));
    }

    private static async Task MeasureAsync(HostCalls host, BenchBody body, bool json, CancellationToken cancellationToken)
    {
        var result = await host.RunJobAsync("/api/tandem/bench", JsonSerializer.SerializeToUtf8Bytes(body, CliJson.Default.BenchBody), json, cancellationToken);
        Console.Out.Write(json
            ? JsonSerializer.Serialize(result, CliJson.Readable.JsonElement) + Environment.NewLine
            : BenchTable.Of(result.Deserialize(CliJson.Default.BenchReport)!));
    }
}
