using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Tandem.Engine.LlamaCpp.Speculation;
using Tandem.Engine.Worker;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>
/// An answer being written: takes rows of logits, decides tokens, releases what no stop string can take back, and counts. Used by the
/// loop alone. What it is proposed comes from a <see cref="Draft"/>, whoever fills it.
/// </summary>
internal sealed class Answer
{
    private readonly Generation _generation;
    private readonly Vocabulary _vocabulary;
    private readonly TimeProvider _time;
    private readonly SpeculationSettings _speculation;
    private readonly SamplerChain _chain;
    private readonly Verifier _verifier;
    private readonly TokenReleaser _releaser;
    private readonly TokenLogprobs? _logprobs;
    private readonly List<Token> _released = [];
    private readonly ulong _seed;
    private readonly bool _isSeeded;
    private readonly long _admittedAt;
    private readonly int _cachedTokens;
    private string _draftKey;
    private GenerateResponse? _unsent;
    private long _promptDoneAt;
    private long _lastTokenAt;
    private long _progressAt;
    private int _emitted;
    private int _dropped;

    internal Answer(Generation generation, AnswerSetup setup)
    {
        _generation = generation;
        _vocabulary = setup.Model.Vocabulary;
        _time = setup.Time;
        _admittedAt = _progressAt = setup.Time.GetTimestamp();
        _cachedTokens = setup.CachedTokens;
        var errors = new List<SettingError>();
        var request = generation.Request;
        var settings = SamplingSettings.Read(request.Sampling, _vocabulary.Size, errors);
        _speculation = SpeculationSettings.Read(request.Speculation, setup.Draft is null ? Proposer.None : Proposer.Combined, errors);
        _draftKey = _speculation.Proposer == Proposer.Ngram ? "" : setup.Draft?.Key ?? "";
        _seed = request.HasSeed ? request.Seed : setup.Placement.Seed ?? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        var random = new CounterRandom(_seed);
        var decisions = new RandomDecisions(random);
        _chain = new SamplerChain(settings, _vocabulary.ForChain, random);
        _chain.AcceptPrompt(CollectionsMarshal.AsSpan(generation.PromptTokens));
        _verifier = new Verifier(_chain, decisions, byBlock: true);
        _releaser = new TokenReleaser(request.Stop);
        _logprobs = request.HasTopLogprobs ? new TokenLogprobs(_vocabulary, (int)request.TopLogprobs) : null;
        Draft = new Draft(_chain, decisions, _speculation.MinProbability, _speculation.MinLength);
        _isSeeded = request.HasSeed || setup.Placement.Seed is not null;
        Proposals = new Proposals(_speculation, Draft, setup.Placement.LongestDraft, _isSeeded ? setup.TimesAtLoad : setup.Times, _isSeeded);
        Proposals.UseDraft(setup.Draft?.Figures(_isSeeded));
        (Speculates, SpeculationNote) = DecideSpeculation(setup);
    }

    internal Generation Generation => _generation;
    internal Draft Draft { get; }
    internal Proposals Proposals { get; }
    internal SpeculationTally Tally { get; } = new();

    /// <summary>Whether drafts are wanted of the draft model, while there is one.</summary>
    internal bool Speculates { get; }

    internal string SpeculationNote { get; private set; }

    /// <summary>The KV cache was full and others went first: waits until one of them ends.</summary>
    internal bool IsParked { get; set; }

    /// <summary>Its reader is behind.</summary>
    internal bool IsPaused => _unsent is not null;

    internal long PausedSince { get; private set; }

    internal int Emitted => _emitted;

    /// <summary>The first token has been decided, or is about to be.</summary>
    internal bool IsPromptDone => _promptDoneAt != 0;

    /// <summary>When the context is full its oldest tokens leave, instead of the answer ending.</summary>
    internal bool Rolls => _generation.Request.Overflow == Overflow.RollingWindow;

    /// <summary>Admission, for "the youngest waits".</summary>
    internal long AdmittedAt => _admittedAt;

    /// <summary>Chooses what the next step drafts with.</summary>
    /// <param name="text">Prompt and answer so far.</param>
    /// <param name="options">Its limit is the room in the cache behind the pending token; it is cut to what can still be emitted.</param>
    internal void PlanStep(List<int> text, StepOptions options)
    {
        if (_generation.MaxTokens > 0)
            options = options with { Limit = (int)Math.Clamp(_generation.MaxTokens - _emitted - _releaser.HeldCount - 1L, 0, options.Limit) };
        Proposals.Begin(CollectionsMarshal.AsSpan(text), options);
    }

    /// <summary>What the worker decided about the length last, for people; null when it is fixed or there is nothing to draft with.</summary>
    internal LengthDecision? DescribeLength()
    {
        if (!Speculates || Proposals.Policy is not { } policy)
            return null;
        var (plan, sent) = (policy.Plan, Proposals.LastSent);
        var who = plan.Origin switch { Origin.Draft => "draft", Origin.Ngram => "n-gram", _ => "plain" };
        return new LengthDecision
        {
            RequestId = _generation.Request.RequestId,
            Length = (uint)sent,
            ExpectedGain = policy.Gain,
            Reason = string.Create(CultureInfo.InvariantCulture, $"{who}, {plan.Expected:F1} tokens a step expected; a first token is accepted with {policy.FirstChance:P0}"),
        };
    }

    /// <summary>Another draft is attached, or (null) none any more; a note says why the answer goes on without.</summary>
    internal void ChangeDraft(DraftUnit? draft, string note)
    {
        if (!Speculates)
            return;
        Proposals.UseDraft(draft?.Figures(_isSeeded));
        _draftKey = draft?.Key ?? _draftKey;
        if (note.Length > 0)
            SpeculationNote = note;
    }

    /// <summary>Tokens that a rolling window keeps at the beginning.</summary>
    internal int FirstPart(int contextLength) => PromptFit.FirstPart(_generation.PromptTokens.Count, contextLength);

    internal void CountDropped(int tokens) => _dropped += tokens;

    /// <summary>The prompt is processed: generation time counts from here.</summary>
    internal void MarkPromptDone()
    {
        if (_promptDoneAt == 0)
            _promptDoneAt = _lastTokenAt = _time.GetTimestamp();
    }

    /// <summary>
    /// Decides the tokens of a step and appends them to <paramref name="tokens"/>.
    /// </summary>
    /// <param name="rows">What follows the token before the draft, then each token of the draft.</param>
    /// <param name="isDecodeStep">False for the first token, which follows from the prompt.</param>
    /// <param name="tokens">Prompt and answer so far.</param>
    /// <returns>Accepted draft tokens that were appended, and why the answer ends (unspecified: it goes on).</returns>
    internal StepResult Conclude(LogitRows rows, bool isDecodeStep, List<int> tokens)
    {
        var drafted = isDecodeStep && Draft.Count > 0;
        var sent = drafted ? Draft.SentCount : 0;
        Tally.BeginStep(drafted ? Draft.Count : 0, sent);
        Tally.CountMainPass();
        _verifier.Begin(drafted ? Draft : null);
        for (var row = 0; row < _verifier.RowsToWeigh; row++)
            _verifier.Weigh(rows[row]);
        var accepted = 0;
        var end = FinishReason.Unspecified;
        Decision decision;
        do
        {
            var row = rows[accepted];
            decision = _verifier.Next(row);
            Tally.Decide(decision.Outcome);
            if (sent > accepted)
                Proposals.Observe(accepted, decision.HasNext);
            if (decision.Outcome == Outcome.Impossible)
                throw Refusal.InvalidArgument("invalid_value", "sampling.logit_bias", "The settings leave no token that could come next.", "Loosen logit_bias.");
            if (_vocabulary.EndOfGeneration.Contains(decision.Token))
            {
                end = FinishReason.Eos;
                break;
            }
            tokens.Add(decision.Token);
            if (decision.Outcome == Outcome.Accepted)
                accepted++;
            end = Release(decision, row);
        }
        while (decision.HasNext && end == FinishReason.Unspecified);
        Tally.EndStep();
        if (isDecodeStep)
            EndPlan(sent, accepted + 1);
        if (end is not (FinishReason.Unspecified or FinishReason.StopString))
            _releaser.Flush(_released);
        _lastTokenAt = _time.GetTimestamp();
        SendReleased();
        return new StepResult(accepted, end);
    }

    /// <summary>Sends prompt progress when the last report is old enough.</summary>
    internal void ReportProgress(int processed)
    {
        var interval = _generation.Request.HasProgressInterval ? _generation.Request.ProgressInterval : 0.5;
        var now = _time.GetTimestamp();
        if (_time.GetElapsedTime(_progressAt, now).TotalSeconds < interval)
            return;
        _progressAt = now;
        // Progress that finds no room is dropped: the next report says more.
        _generation.TryWrite(new GenerateResponse
        {
            Progress = new PromptProgress { Processed = (uint)processed, Total = (uint)_generation.PromptTokens.Count, Cached = (uint)_cachedTokens },
        });
    }

    /// <summary>Tries again to send what its reader had no room for.</summary>
    internal void Resume()
    {
        if (_unsent is not null && _generation.TryWrite(_unsent))
            _unsent = null;
    }

    /// <summary>Ends the answer with its statistics. What is still held back for a stop string is released first.</summary>
    internal void Finish(FinishReason reason)
    {
        if (reason is FinishReason.Cancelled or FinishReason.ModelUnloaded or FinishReason.ContextFull)
        {
            _releaser.Flush(_released);
            SendReleased();
        }
        Tally.Finish();
        var finished = Describe(reason);
        // The reader may be behind: the last message must not be lost, and the loop must not wait.
        if (_unsent is null && _generation.TryWrite(new GenerateResponse { Finished = finished }))
            _generation.Complete();
        else
            _ = _generation.CompleteLaterAsync(_unsent, new GenerateResponse { Finished = finished });
    }

    internal void Fail(Exception error)
    {
        Tally.Finish();
        _generation.Complete(error);
    }

    private FinishReason Release(Decision decision, ReadOnlySpan<float> row)
    {
        var isControl = _vocabulary.IsControl(decision.Token);
        var token = new Token { Id = decision.Token, Origin = decision.Origin, Control = isControl };
        if (isControl)
            token.ControlText = _vocabulary.SpelledText(decision.Token);
        else
            token.Piece = _vocabulary.Piece(decision.Token);
        _logprobs?.Write(token, row);
        if (_releaser.Add(token, _released))
            return FinishReason.StopString;
        return _generation.MaxTokens > 0 && _emitted + _released.Count + _releaser.HeldCount >= _generation.MaxTokens
            ? FinishReason.MaxTokens
            : FinishReason.Unspecified;
    }

    private void SendReleased()
    {
        if (_released.Count == 0)
            return;
        var step = new DecodeStep();
        foreach (var token in _released)
        {
            Tally.Emit(token.Origin);
            step.Tokens.Add(token);
        }
        _emitted += _released.Count;
        _released.Clear();
        var message = new GenerateResponse { Step = step };
        if (_generation.TryWrite(message))
            return;
        // At most one message waits: a paused row makes no more.
        _unsent = message;
        PausedSince = _time.GetTimestamp();
    }

    private void EndPlan(int sent, int gained)
    {
        if (!Speculates)
            return;
        Proposals.EndStep(sent, gained);
        if (Proposals.IsAuto)
            Tally.ChooseLength(sent);
    }

    private Finished Describe(FinishReason reason)
    {
        var finished = new Finished
        {
            Reason = reason,
            StopString = reason == FinishReason.StopString ? _releaser.StopString ?? "" : "",
            PromptTokens = (uint)_generation.PromptTokens.Count,
            CachedTokens = (uint)_cachedTokens,
            EmittedTokens = (uint)_emitted,
            QueueSeconds = _time.GetElapsedTime(_generation.ArrivedAt, _admittedAt).TotalSeconds,
            PromptSeconds = _time.GetElapsedTime(_admittedAt, _promptDoneAt == 0 ? _time.GetTimestamp() : _promptDoneAt).TotalSeconds,
            GenerationSeconds = _promptDoneAt == 0 ? 0 : _time.GetElapsedTime(_promptDoneAt, _lastTokenAt).TotalSeconds,
            SpeculationNote = SpeculationNote,
            Seed = _seed,
            DroppedTokens = (uint)(_generation.DroppedTokens + _dropped),
        };
        if (_speculation.Proposer != Proposer.None)
            finished.Speculation = Tally.ToCounters(_speculation.Proposer, _draftKey);
        return finished;
    }

    private (bool Speculates, string Note) DecideSpeculation(AnswerSetup setup)
    {
        if (_speculation.Proposer == Proposer.None)
            return (false, "");
        if (!setup.Model.CacheCanTrim)
            return (false, "This model's cache cannot take back refused tokens.");
        var expected = _generation.Request.Speculation?.DraftRevision ?? 0;
        if (expected != 0 && expected != setup.Draft?.Revision)
            return (false, "The draft model was changed before this request was served.");
        return (true, setup.Draft is null && _speculation.Proposer != Proposer.Ngram ? "No draft model is attached." : "");
    }
}

/// <summary>What an answer needs of the loop.</summary>
internal sealed record AnswerSetup(LlamaModel Model, Placement Placement, TimeProvider Time, DraftUnit? Draft, int CachedTokens, PassTimes Times, PassTimes TimesAtLoad);

/// <summary>What came of a step.</summary>
/// <param name="Accepted">Draft tokens appended.</param>
/// <param name="End">Why the answer ends; unspecified when it goes on.</param>
internal readonly record struct StepResult(int Accepted, FinishReason End);
