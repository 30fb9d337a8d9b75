using System.CommandLine;
using System.Text;
using System.Text.Json;
using Tandem.Host;

namespace Tandem.Cli.Commands;

/// <summary><c>tandem run</c>: one answer.</summary>
internal static class RunCommand
{
    private const string DefaultModel = "tandem/storyteller";

    public static Command Create()
    {
        var prompt = new Argument<string?>("PROMPT") { Arity = ArgumentArity.ZeroOrOne, Description = "What to say to the model; from standard input when absent." };
        var model = new Option<string>("--model", "-m") { Description = "Model to ask.", DefaultValueFactory = _ => DefaultModel };
        var draft = new Option<string?>("--draft") { Description = "Draft model: a key, 'auto' or 'off'; else the model's default.", HelpName = "KEY|auto|off" };
        var temperature = new Option<double?>("--temperature") { Description = "0 to 2; 0 always takes the most probable token." };
        var seed = new Option<long?>("--seed") { Description = "Makes the answer repeatable." };
        var maxTokens = new Option<int?>("--max-tokens") { Description = "End the answer after so many tokens." };
        var stats = new Option<bool>("--stats") { Description = "Print the line of figures to standard output, also when that is no terminal." };
        var json = new Option<bool>("--json") { Description = "Print one object with the answer and its figures." };
        var color = new Option<string>("--color") { Description = "Drafted text in green.", DefaultValueFactory = _ => "auto" };
        color.AcceptOnlyFromAmong("auto", "always", "never");
        var command = new Command("run", "Asks a model once and prints its answer.")
        {
            prompt, model, draft, temperature, seed, maxTokens, stats, json, color,
        };
        command.SetAction((parsed, _) => RunAsync(new RunOptions(
            parsed.GetValue(prompt), parsed.GetValue(model)!, parsed.GetValue(draft), parsed.GetValue(temperature), parsed.GetValue(seed),
            parsed.GetValue(maxTokens), parsed.GetValue(stats), parsed.GetValue(json), parsed.GetValue(color)!)));
        return command;
    }

    private static async Task<int> RunAsync(RunOptions options)
    {
        if (options.Prompt is null && !Console.IsInputRedirected)
            return Complaint.Usage("There is no prompt.", "Give one: tandem run \"…\"; or pipe it in.").Print();
        using var interruption = new Interruption();
        try
        {
            var text = options.Prompt ?? await ReadInputAsync(interruption.Token);
            if (string.IsNullOrWhiteSpace(text))
                return Complaint.Usage("The prompt is empty.", "Give one: tandem run \"…\"").Print();
            var complaint = await AnswerAsync(options, text, interruption.Token);
            return complaint?.Print() ?? ExitCodes.Ok;
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

    private static async Task<Complaint?> AnswerAsync(RunOptions options, string prompt, CancellationToken cancellationToken)
    {
        var home = new HostOptions { HomeFolder = HostOptions.DefaultHome(), ModelFolders = HostOptions.ModelFoldersFromEnvironment() };
        var (connection, complaint) = await HostConnection.OpenOrHostAsync(home, cancellationToken);
        if (connection is null)
            return complaint;
        await using (connection)
        {
            var body = new ChatBody(options.Model, [new MessageBody("user", prompt)])
            {
                DraftModel = options.Draft,
                Temperature = options.Temperature,
                Seed = options.Seed,
                MaxTokens = options.MaxTokens,
            };
            return await PrintAsync(options, ChatStream.ReadAsync(connection.Client, body, cancellationToken), cancellationToken);
        }
    }

    private static async Task<Complaint?> PrintAsync(RunOptions options, IAsyncEnumerable<ChunkView> chunks, CancellationToken cancellationToken)
    {
        await using var printer = new AnswerPrinter(Console.OpenStandardOutput(), options.UseColor);
        var content = new StringBuilder();
        ChunkView? last = null;
        try
        {
            await foreach (var chunk in chunks)
            {
                if (chunk.Error is { } error)
                {
                    var message = (error.Message ?? "The answer failed.").Split('\n', 2);
                    return new Complaint(ExitCodes.Of(error.Code), message[0], message.Length > 1 ? message[1] : "");
                }

                last = chunk;
                if (chunk.Choices is not [{ Delta: { } delta }, ..])
                    continue;
                content.Append(delta.Content);
                if (!options.Json)
                    await printer.WriteAsync(delta, cancellationToken);
            }
        }
        finally
        {
            // Also when it is cut short: the terminal gets its colour back.
            await printer.FinishAsync(CancellationToken.None);
        }

        if (last?.Stats is not { } stats)
            return new Complaint(ExitCodes.Failed, "The host ended the answer before it was complete.", "Look at its log.");
        var view = stats.Deserialize(CliJson.Default.StatsView)!;
        if (options.Json)
        {
            var result = new RunResult(content.ToString(), null, stats, last.Model ?? options.Model, view.DraftModel);
            await printer.WriteLineAsync(JsonSerializer.Serialize(result, CliJson.Readable.RunResult), cancellationToken);
            return null;
        }

        var line = StatsLine.Of(view, last.Usage?.CompletionTokens ?? 0);
        // Figures do not belong into a file that was meant for the answer.
        if (options.Stats || !Console.IsOutputRedirected)
            await printer.WriteLineAsync(line, cancellationToken);
        else
            await Console.Error.WriteLineAsync(line);
        return null;
    }

    private static async Task<string> ReadInputAsync(CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(Console.OpenStandardInput(), Encoding.UTF8);
        return await reader.ReadToEndAsync(cancellationToken);
    }

    private sealed record RunOptions(
        string? Prompt, string Model, string? Draft, double? Temperature, long? Seed, int? MaxTokens, bool Stats, bool Json, string Color)
    {
        public bool UseColor => Color switch
        {
            "always" => true,
            "never" => false,
            _ => !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")),
        };
    }
}
