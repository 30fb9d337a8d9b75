using System.Globalization;
using Tandem.Bench.Reference;
using Tandem.Engine.LlamaCpp.Inference;
using Tandem.Engine.LlamaCpp.Native;
using Tandem.Engine.LlamaCpp.Speculation;
using Tandem.Protocol;

namespace Tandem.Bench;

/// <summary>
/// Tokens per main pass of four ways to accept the same draft model's tokens at a fixed length and temperature 0.8: the draft's most probable
/// token accepted when the main model samples it too (llama.cpp's server), a drawn token likewise (mlx-lm), rejection sampling token by
/// token, and by block. All four keep the main model's law.
/// </summary>
internal static class RulesBench
{
    private const int Tokens = 160;
    private const int Length = 4;
    private const int Seeds = 4;
    private const float Temperature = 0.8f;

    private static readonly string[] Prompts =
    [
        "Write quicksort in Python. Code only.", "Tell me a story about a fox.", "Plan a one day trip to Washington, DC.",
        "Can you explain the Pythagorean theorem?",
    ];

    private enum Rule
    {
        MostProbableMatched,
        DrawnMatched,
        TokenByToken,
        ByBlock,
    }

    /// <param name="arguments">Types of the widened main model, <c>smol</c>; Q8_0 and smol when there are none.</param>
    public static async Task<int> RunAsync(string[] arguments)
    {
        foreach (var name in arguments.Length == 0 ? ["Q8_0", "smol"] : arguments)
        {
            var pair = name == "smol" ? await ReferencePairs.SmolAsync() : await ReferencePairs.WidenedAsync(name);
            using var models = Models.Load(pair);
            foreach (var rule in Enum.GetValues<Rule>())
            {
                var (tokens, passes) = (0, 0);
                foreach (var prompt in Prompts)
                {
                    for (var seed = 1ul; seed <= Seeds; seed++)
                    {
                        var (gained, ran) = models.Run(prompt, rule, seed);
                        (tokens, passes) = (tokens + gained, passes + ran);
                    }
                }

                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{pair.Name,-12} T {Temperature} length {Length}  {rule,-20} {tokens / (double)passes:F3} tokens a pass ({tokens} tokens)"));
            }
        }

        return 0;
    }

    private sealed class Models : IDisposable
    {
        private readonly LlamaModel _main;
        private readonly LlamaModel _draft;
        private readonly LlamaContext _mainContext;
        private readonly LlamaContext _draftContext;
        private readonly ComputeThreads? _threads;

        private Models(string main, string draft)
        {
            BenchEngine.LoadLibrary();
            var placement = Placement.From(new LoadSettings { ContextLength = 2048, Parallel = 1 }, "load");
            _threads = ComputeThreads.Create(placement.Threads);
            (_main, _mainContext, _) = Load(main, placement, _threads);
            (_draft, _draftContext, _) = Load(draft, placement, _threads);
        }

        public static Models Load(ReferencePair pair) => new(pair.Main, pair.Draft);

        public (int Tokens, int Passes) Run(string question, Rule rule, ulong seed)
        {
            var vocabulary = _main.Vocabulary;
            var decisions = new RandomDecisions(new CounterRandom(seed));
            var settings = new SamplingSettings { Temperature = Temperature, TopK = 0, TopP = 1, MinP = 0 };
            var chain = new SamplerChain(settings, new ChainVocabulary(vocabulary.Size, [.. vocabulary.EndOfGeneration], vocabulary.Suppressed));
            var verifier = new Verifier(chain, decisions, byBlock: rule == Rule.ByBlock);
            var text = new PromptTokenizer(vocabulary).Tokenize(BenchEngine.Ask(question, Tokens).Prompt);
            var (prompt, passes) = (text.Count, 0);
            _mainContext.Clear();
            _draftContext.Clear();
            Decide(verifier, null, Feed(_mainContext, text, 0), text);
            var (mainSeen, draftSeen) = (prompt, 0);
            while (text.Count - prompt < Tokens && !vocabulary.EndOfGeneration.Contains(text[^1]))
            {
                var draft = new Draft(chain, decisions);
                draftSeen = Propose(draft, text, draftSeen, rule);
                var checkedDraft = rule is Rule.MostProbableMatched or Rule.DrawnMatched ? AsCertain(draft, chain, decisions) : draft;
                List<int> rows = [.. text[mainSeen..], .. Enumerable.Range(0, checkedDraft.Count).Select(checkedDraft.TokenAt)];
                var first = Feed(_mainContext, rows, mainSeen, allLogits: true);
                var accepted = Decide(verifier, checkedDraft, first, text);
                passes++;
                mainSeen = text.Count - 1;
                draftSeen = Math.Min(draftSeen, mainSeen);
                _mainContext.Trim(0, mainSeen);
                _draftContext.Trim(0, draftSeen);
            }

            return (text.Count - prompt - 1, passes);
        }

        public void Dispose()
        {
            _mainContext.Dispose();
            _draftContext.Dispose();
            _main.Dispose();
            _draft.Dispose();
            _threads?.Dispose();
        }

        private static (LlamaModel, LlamaContext, Placement) Load(string file, Placement placement, ComputeThreads? threads) => ModelLoader.Load(
            new ModelReference { Path = file }, placement, new LoadPurpose("load", threads, () => false), _ => { }, CancellationToken.None);

        /// <summary>The same tokens as if they followed from the text: accepting with p is what sampling and comparing comes to.</summary>
        private static Draft AsCertain(Draft drawn, SamplerChain chain, RandomDecisions decisions)
        {
            var certain = new Draft(chain, decisions);
            certain.Begin(Origin.Draft, drawn.Count);
            for (var index = 0; certain.WantsMore; index++)
                certain.ProposeCertain(drawn.TokenAt(index));
            certain.End();
            return certain;
        }

        private int Propose(Draft draft, List<int> text, int seen, Rule rule)
        {
            draft.Begin(Origin.Draft, Length);
            var row = Feed(_draftContext, text[seen..], seen);
            var position = text.Count;
            while (true)
            {
                var logits = _draftContext.Logits(row);
                if (rule == Rule.MostProbableMatched)
                    draft.ProposeCertain(LogitKernels.IndexOfMaximum(logits));
                else
                    draft.Propose(logits);
                if (!draft.WantsMore)
                    break;
                row = Feed(_draftContext, [draft.TokenAt(draft.Count - 1)], position++);
            }

            draft.End();
            return position;
        }

        private int Decide(Verifier verifier, Draft? draft, int first, List<int> text)
        {
            verifier.Begin(draft);
            for (var row = 0; row < verifier.RowsToWeigh; row++)
                verifier.Weigh(_mainContext.Logits(first + row));
            var accepted = 0;
            while (true)
            {
                var decision = verifier.Next(_mainContext.Logits(first + accepted));
                text.Add(decision.Token);
                if (!decision.HasNext || _main.Vocabulary.EndOfGeneration.Contains(decision.Token))
                    return accepted;
                accepted++;
            }
        }

        /// <summary>Runs tokens through a context; returns the first row that has logits.</summary>
        private static int Feed(LlamaContext context, List<int> tokens, int position, bool allLogits = false)
        {
            var row = 0;
            for (var index = 0; index < tokens.Count; index++)
                row = context.Add(tokens[index], position + index, 0, wantsLogits: allLogits || index == tokens.Count - 1);
            if (context.Decode() != DecodeStatus.Ok)
                throw new InvalidOperationException("llama_decode failed");
            return allLogits ? 0 : row;
        }
    }
}
