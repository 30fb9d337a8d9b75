namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>
/// Where chance comes in: random numbers in a worker, every branch in turn when a proof enumerates a step.
/// </summary>
internal interface IDecisions
{
    /// <summary>A step begins: its draft, if any, and the decisions about it.</summary>
    void BeginStep(long position);

    /// <summary>True with the given probability, 0 to 1.</summary>
    bool Accept(long position, double probability);

    /// <summary>A token of the distribution, which is not empty.</summary>
    int Draw(long position, DrawPurpose purpose, TokenDistribution distribution);
}

/// <summary>
/// Decisions by random numbers keyed by (seed, position, purpose, start of the step). The start belongs to the key because a draft token
/// that was put aside has had a say in how many before it were accepted (block verification): what is drafted there next must be new.
/// </summary>
internal sealed class RandomDecisions(CounterRandom random) : IDecisions
{
    private long _start;

    public void BeginStep(long position) => _start = position;

    public bool Accept(long position, double probability) => random.Uniform(position, DrawPurpose.Acceptance, _start) < probability;

    public int Draw(long position, DrawPurpose purpose, TokenDistribution distribution) =>
        distribution.Draw(random.Uniform(position, purpose, _start));
}
