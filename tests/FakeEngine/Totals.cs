using Tandem.Protocol;

namespace FakeEngine;

/// <summary>What the engine has done since the load; every request adds its own when it ends.</summary>
internal sealed class Totals
{
    private readonly Lock _lock = new();
    private readonly SpeculationCounters _speculation = new();
    private ulong _finished;
    private ulong _emitted;
    private ulong _prompt;
    private ulong _cached;
    private long _steps;

    public void CountStep() => Interlocked.Increment(ref _steps);

    public void Add(Finished end)
    {
        lock (_lock)
        {
            _finished++;
            _emitted += end.EmittedTokens;
            _prompt += end.PromptTokens - end.CachedTokens;
            _cached += end.CachedTokens;
            if (end.Speculation is not { } counters)
                return;
            _speculation.Drafted += counters.Drafted;
            _speculation.Accepted += counters.Accepted;
            _speculation.Rejected += counters.Rejected;
            _speculation.Ignored += counters.Ignored;
            _speculation.DraftPasses += counters.DraftPasses;
            _speculation.MainPasses += counters.MainPasses;
        }
    }

    public void WriteTo(StatsResponse stats)
    {
        lock (_lock)
        {
            stats.RequestsFinished = _finished;
            stats.TokensEmitted = _emitted;
            stats.PromptTokensProcessed = _prompt;
            stats.PromptTokensCached = _cached;
            stats.Speculation = _speculation.Clone();
            stats.Steps = (ulong)Interlocked.Read(ref _steps);
            stats.Heartbeats = stats.Steps;
        }
    }
}
