using System.Text;
using Tandem.Engine.LlamaCpp.Inference;
using Tandem.Protocol;

namespace Tandem.Tests.LlamaCpp;

/// <summary>Asks the loop directly, as the service would.</summary>
internal static class LoopDriver
{
    public static GenerateRequest Chat(string question, uint draftLength = 0, float temperature = 0, ulong seed = 1) => new()
    {
        Sampling = new Sampling { Temperature = temperature },
        Seed = seed,
        Prompt = ChatPrompt(question),
        Speculation = draftLength > 0
            ? new Tandem.Protocol.Speculation { Proposer = Proposer.Draft, Length = draftLength }
            : new Tandem.Protocol.Speculation { Proposer = Proposer.None },
    };

    public static Prompt ChatPrompt(string question) => new()
    {
        Segments =
        {
            new Segment { Text = new TextSegment { Text = "<|im_start|>user\n", ParseSpecial = true } },
            new Segment { Text = new TextSegment { Text = question } },
            new Segment { Text = new TextSegment { Text = "<|im_end|>\n<|im_start|>assistant\n", ParseSpecial = true } },
        },
    };

    public static Generation Start(LoadedEngine engine, GenerateRequest request, CancellationToken cancelled = default)
    {
        var generation = Generation.Create(engine, request, TimeProvider.System.GetTimestamp(), cancelled);
        engine.Loop.Start(generation);
        return generation;
    }

    public static async Task<Told> AskAsync(LoadedEngine engine, GenerateRequest request, CancellationToken cancelled = default) =>
        await ReadAsync(Start(engine, request, cancelled), _ => Task.CompletedTask);

    /// <summary>Reads an answer to its end; <paramref name="onStep"/> sees every step as it comes.</summary>
    public static async Task<Told> ReadAsync(Generation generation, Func<DecodeStep, Task> onStep)
    {
        var tokens = new List<Token>();
        await foreach (var message in generation.Output.ReadAllAsync(TestContext.Current.CancellationToken))
        {
            if (message.Finished is { } finished)
                return new Told(tokens, finished);
            if (message.Step is not { } step)
                continue;
            tokens.AddRange(step.Tokens);
            await onStep(step);
        }
        throw new InvalidOperationException("The answer ended without a last message.");
    }
}

/// <summary>An answer that was read to its end.</summary>
internal sealed record Told(IReadOnlyList<Token> Tokens, Finished Finished)
{
    public string Text => Encoding.UTF8.GetString([.. Tokens.SelectMany(token => token.Piece)]);

    public IReadOnlyList<int> Ids => [.. Tokens.Select(token => token.Id)];
}
