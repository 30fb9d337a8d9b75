using FakeEngine.Scripts;

namespace Tandem.Tests.Support;

/// <summary>Scripts that several tests play.</summary>
internal static class FakeScripts
{
    public const string TwelveWords = "one two three four five six seven eight nine ten eleven twelve";

    /// <summary>12 drafted, 10 accepted, 2 ignored; 12 tokens in 1.382 s.</summary>
    public static FakeScript TwelveTenZeroTwo() => new()
    {
        Answers =
        [
            new()
            {
                Steps =
                [
                    [FakeToken.FromDraft("one"), FakeToken.FromDraft(" two"), FakeToken.FromDraft(" three"), FakeToken.FromDraft(" four"), FakeToken.FromMain(" five")],
                    [FakeToken.FromDraft(" six"), FakeToken.FromDraft(" seven"), FakeToken.FromDraft(" eight"), FakeToken.FromDraft(" nine"), FakeToken.FromMain(" ten")],
                    [FakeToken.FromDraft(" eleven"), FakeToken.FromDraft(" twelve")],
                ],
                Speculation = new() { Drafted = 12, Accepted = 10, Rejected = 0, Ignored = 2 },
                PromptSeconds = 0.301,
                GenerationSeconds = 1.382,
            },
        ],
    };

    /// <summary>Ticks until somebody ends it.</summary>
    public static FakeScript Endless(double stepMs = 5) => new() { Answers = [new() { Steps = [[FakeToken.FromMain("tick ")]], Repeat = true, StepMs = stepMs }] };

    /// <summary>Says its tokens, each in a step of its own.</summary>
    public static FakeScript Saying(params FakeToken[] tokens) => new() { Answers = [new() { Steps = [.. tokens.Select(token => new List<FakeToken> { token })] }] };

    public static FakeToken Bytes(string hex) => new() { Hex = hex };
}
