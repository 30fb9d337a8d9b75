using Tandem.Engine.LlamaCpp.Speculation;
using Tandem.Protocol;

namespace Tandem.Tests.Speculation;

/// <summary>How the draft of a trial comes about.</summary>
internal enum Proposal
{
    /// <summary>Drawn from the draft model after the chain.</summary>
    Sampled,

    /// <summary>The draft model's most probable token.</summary>
    MostProbable,

    /// <summary>A function of the text alone.</summary>
    Repeated,
}

/// <summary>A main model, a draft and the settings they run with: the same loop as a worker's, over tables.</summary>
internal sealed record SpeculationTrial(ToyModel Main, ToyModel Draft)
{
    public SamplingSettings Settings { get; init; } = Plain;

    public Proposal Proposal { get; init; } = Proposal.Sampled;

    /// <summary>Draft length by the number of tokens emitted.</summary>
    public Func<int, int> Length { get; init; } = _ => 3;

    public double MinProbability { get; init; }

    public int MinLength { get; init; }

    public bool WithMask { get; init; }

    /// <summary>Drawn tokens are accepted jointly.</summary>
    public bool ByBlock { get; init; }

    /// <summary>What ends a draft early; null: nothing.</summary>
    public IDraftStop? Stop { get; init; }

    public int[] EndOfGeneration { get; init; } = [];

    public int[] Prompt { get; init; } = [1, 0];

    /// <summary>What a broken implementation does; null: nothing is broken.</summary>
    public Sabotage? Sabotage { get; init; }

    /// <summary>No cut, temperature 1.</summary>
    public static SamplingSettings Plain { get; } = new() { Temperature = 1, TopK = 0, TopP = 1, MinP = 0 };

    /// <summary>A chain whose history is the prompt and these tokens.</summary>
    public SamplerChain NewChain(IReadOnlyList<int> answer)
    {
        var chain = new SamplerChain(
            Settings,
            new ChainVocabulary(Main.VocabularySize, EndOfGeneration, []),
            stages: WithMask ? [new ToyMask(Main.VocabularySize)] : []);
        chain.AcceptPrompt(Prompt);
        foreach (var token in answer)
            chain.Accept(token);
        return chain;
    }

    /// <summary>One step after the given answer; returns the decided tokens.</summary>
    public List<Decision> Step(SamplerChain chain, IDecisions decisions, IReadOnlyList<int> answer)
    {
        List<int> text = [.. Prompt, .. answer];
        var sabotaged = Sabotage is null ? null : new SabotagedDecisions(decisions, Sabotage);
        var used = sabotaged ?? decisions;
        var verifier = new Verifier(chain, used, ByBlock);
        sabotaged?.Watch(verifier);
        var draft = new Draft(chain, used, MinProbability, MinLength);
        FillDraft(draft, text, Length(answer.Count));
        verifier.Begin(Sabotage?.ForgetsDraft(draft) == true ? null : draft);
        for (var index = 0; index < verifier.RowsToWeigh; index++)
            verifier.Weigh(Main.Row([.. text, .. Enumerable.Range(0, index).Select(draft.TokenAt)]));
        List<Decision> decided = [];
        do
        {
            decided.Add(verifier.Next(Main.Row(text)));
            text.Add(decided[^1].Token);
        }
        while (decided[^1].HasNext && !EndOfGeneration.Contains(decided[^1].Token));
        return decided;
    }

    private void FillDraft(Draft draft, List<int> text, int length)
    {
        draft.Begin(Proposal == Proposal.Repeated ? Origin.Ngram : Origin.Draft, length, Stop);
        List<int> drafted = [.. text];
        while (draft.WantsMore)
        {
            var row = Draft.Row(drafted);
            var proposed = Proposal switch
            {
                Proposal.Sampled => draft.Propose(row),
                Proposal.MostProbable => draft.ProposeCertain(Array.IndexOf(row, row.Take(Main.VocabularySize).Max())),
                _ => draft.ProposeCertain(drafted[^2]),
            };
            if (proposed)
                drafted.Add(draft.TokenAt(draft.Count - 1));
        }
        draft.End();
    }
}

/// <summary>Stands for a constraint: which token is forbidden depends on the last two.</summary>
internal sealed class ToyMask(int vocabularySize) : ILogitStage
{
    private readonly List<int> _tokens = [];

    public void Apply(Span<float> logits) => logits[(_tokens[^1] + (2 * _tokens[^2]) + 1) % vocabularySize] = float.NegativeInfinity;

    public void Accept(int token) => _tokens.Add(token);

    public void Rollback(int count) => _tokens.RemoveRange(_tokens.Count - count, count);
}

/// <summary>A mistake on purpose, to show that the proofs see it.</summary>
internal sealed record Sabotage
{
    public bool AlwaysAccepts { get; init; }

    public bool DrawsResidualFromMain { get; init; }

    /// <summary>The draft token is the most probable one, but q is said to be the distribution.</summary>
    public bool DraftIsNotDrawnFromItsLaw { get; init; }

    /// <summary>A position drafted again gets the same random number.</summary>
    public bool RepeatsNumbers { get; init; }

    /// <summary>When a draft is forgotten although its tokens were drawn.</summary>
    public Func<Draft, bool> ForgetsDraft { get; init; } = _ => false;
}

internal sealed class SabotagedDecisions(IDecisions inner, Sabotage sabotage) : IDecisions
{
    private Verifier? _verifier;

    public void Watch(Verifier verifier) => _verifier = verifier;

    public void BeginStep(long position)
    {
        if (!sabotage.RepeatsNumbers)
            inner.BeginStep(position);
    }

    public bool Accept(long position, double probability) => sabotage.AlwaysAccepts || inner.Accept(position, probability);

    public int Draw(long position, DrawPurpose purpose, TokenDistribution distribution) =>
        purpose == DrawPurpose.Draft && sabotage.DraftIsNotDrawnFromItsLaw ? distribution.MostProbable()
        : purpose == DrawPurpose.Main && sabotage.DrawsResidualFromMain ? inner.Draw(position, purpose, _verifier?.Main ?? distribution)
        : inner.Draw(position, purpose, distribution);
}
