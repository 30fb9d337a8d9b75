using System.Text;
using FakeEngine.Scripts;
using Grpc.Core;
using Tandem.Engine.Worker;
using Tandem.Protocol;

namespace FakeEngine;

/// <summary>One answer: the script's steps, paced, cut by stop strings and limits, counted as the contract says.</summary>
internal sealed class Generation
{
    private readonly FakeModel _model;
    private readonly GenerateRequest _request;
    private readonly TimeProvider _time;
    private readonly FakeAnswer _answer;
    private readonly List<List<FakeToken>> _steps;
    private readonly FakeFault? _fault;
    private readonly StopMatcher _stops;
    private readonly List<int> _prompt;
    private readonly ulong _limit;
    private readonly SpeculationCounters? _counters;
    private bool _ranThrough;

    public Generation(FakeModel model, GenerateRequest request, double queueSeconds, TimeProvider time)
    {
        _model = model;
        _request = request;
        _time = time;
        _prompt = model.Tokenizer.Encode(request.Prompt);
        var text = Encoding.UTF8.GetString(model.Tokenizer.Decode(_prompt, withControl: true));
        if (_prompt.Count >= model.Settings.ContextLength)
        {
            throw Refusal.InvalidArgument(
                "context_length_exceeded", "prompt", $"the prompt has {_prompt.Count} tokens, the context {model.Settings.ContextLength}");
        }

        _answer = model.Script.Answers.FirstOrDefault(a => text.Contains(a.When, StringComparison.Ordinal)) ?? new FakeAnswer();
        _steps = _answer.EchoPrompt
            ? [.. text.EnumerateRunes().Select(rune => new List<FakeToken> { rune.ToString() })]
            : _answer.Steps;
        _fault = model.Script.Faults.Stream is { } fault && text.Contains(fault.When, StringComparison.Ordinal) ? fault : null;
        _stops = new StopMatcher(request.Stop);
        _limit = request.MaxTokens > 0 ? request.MaxTokens : ulong.MaxValue;
        End = new Finished
        {
            PromptTokens = (uint)_prompt.Count,
            CachedTokens = request is { HasCachePrompt: true, CachePrompt: false } ? 0 : (uint)model.Cache(_prompt),
            QueueSeconds = queueSeconds,
            Seed = request.HasSeed ? request.Seed : model.Settings.HasSeed ? model.Settings.Seed : (ulong)Random.Shared.NextInt64(),
        };
        Wanted = request.Speculation is not { } speculation ? Proposer.None
            : speculation.Proposer != Proposer.Unspecified ? speculation.Proposer
            : model.Draft is null ? Proposer.None : Proposer.Combined;
        _counters = Wanted == Proposer.None ? null : new SpeculationCounters { Proposer = Wanted };
        End.Speculation = _counters;
    }

    /// <summary>Grows while the answer runs; complete when <see cref="RunAsync"/> has ended, however it ended.</summary>
    public Finished End { get; }

    public Slot.Types.Phase Phase { get; private set; } = Slot.Types.Phase.Prompt;

    private Proposer Wanted { get; }

    /// <summary>Whether the next step is the script's; false: one token of it, from the main model. Says why in the note.</summary>
    private bool Speculates
    {
        get
        {
            if (_counters is null)
                return false;
            if (Wanted == Proposer.Ngram)
                return true;
            var draft = _model.Draft;
            var asked = _request.Speculation.DraftRevision;
            var fits = draft is not null && (asked == 0 || asked == draft.Revision);
            if (fits)
                _counters.DraftKey = draft!.Key;
            else
                End.SpeculationNote = draft is null ? "no draft is attached" : "the draft was changed";
            return fits || Wanted == Proposer.Combined;
        }
    }

    public async Task RunAsync(IServerStreamWriter<GenerateResponse> stream, CancellationToken stopping, CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        var generating = began;
        try
        {
            await PromptAsync(stream, cancellationToken);
            generating = _time.GetTimestamp();
            Phase = Slot.Types.Phase.Decode;
            End.Reason = await DecodeAsync(stream, cancellationToken);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            End.Reason = FinishReason.ModelUnloaded;
        }
        catch (OperationCanceledException)
        {
            End.Reason = FinishReason.Cancelled;
            throw;
        }
        finally
        {
            End.PromptSeconds = _answer.PromptSeconds ?? _time.GetElapsedTime(began, generating).TotalSeconds;
            End.GenerationSeconds = _answer.GenerationSeconds ?? _time.GetElapsedTime(generating).TotalSeconds;
            CloseCounters();
        }
    }

    private async Task PromptAsync(IServerStreamWriter<GenerateResponse> stream, CancellationToken cancellationToken)
    {
        if (_answer.PromptMs <= 0)
            return;
        await stream.WriteAsync(Progress(End.CachedTokens));
        await Task.Delay(TimeSpan.FromMilliseconds(_answer.PromptMs), _time, cancellationToken);
        await stream.WriteAsync(Progress(End.PromptTokens));
    }

    private GenerateResponse Progress(uint processed)
        => new() { Progress = new PromptProgress { Processed = processed, Total = End.PromptTokens, Cached = End.CachedTokens } };

    private async Task<FinishReason> DecodeAsync(IServerStreamWriter<GenerateResponse> stream, CancellationToken cancellationToken)
    {
        do
        {
            foreach (var scripted in _steps)
            {
                // Whether this is one step or one per token is decided anew: a draft can be attached or detached meanwhile.
                for (var next = 0; next < scripted.Count;)
                {
                    var speculates = Speculates;
                    var width = speculates ? scripted.Count - next : 1;
                    if (await StepAsync(scripted.Slice(next, width), speculates, stream, cancellationToken) is { } reason)
                        return reason;
                    next += width;
                }
            }
        }
        while (_steps.Count > 0 && (_answer.Repeat || _request.Sampling is { IgnoreEos: true }));

        _ranThrough = true;
        await SendAsync(_stops.Flush(), stream);
        return ScriptFile.ParseFinish(_answer.Finish);
    }

    /// <summary>Null: the answer goes on.</summary>
    private async Task<FinishReason?> StepAsync(
        List<FakeToken> scripted,
        bool speculates,
        IServerStreamWriter<GenerateResponse> stream,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_answer.StepMs > 0)
            await Task.Delay(TimeSpan.FromMilliseconds(_answer.StepMs), _time, cancellationToken);
        _model.Totals.CountStep();
        CountPass(scripted, speculates);
        var free = new List<Token>();
        FinishReason? reason = null;
        foreach (var token in scripted)
        {
            if (_fault is not null && End.EmittedTokens + (ulong)free.Count >= _fault.AfterTokens)
            {
                await SendAsync(free, stream);
                await FaultPoint.PassAsync(_fault, cancellationToken);
            }

            free.AddRange(_stops.Add(Make(token, speculates)));
            var made = End.EmittedTokens + (ulong)(free.Count + _stops.Held);
            reason = _stops.Found is not null ? FinishReason.StopString
                : made >= _limit ? FinishReason.MaxTokens
                : End.PromptTokens + made >= _model.Settings.ContextLength ? FinishReason.ContextFull
                : null;
            if (reason is not null)
                break;
        }

        if (reason is not null)
        {
            End.StopString = _stops.Found ?? "";
            free.AddRange(_stops.Flush());
        }

        await SendAsync(free, stream);
        return reason;
    }

    private void CountPass(List<FakeToken> scripted, bool speculates)
    {
        if (_counters is null)
            return;
        _counters.MainPasses++;
        var drafted = speculates ? (ulong)scripted.Count(token => ScriptFile.ParseOrigin(token.From) != Origin.Main) : 0;
        _counters.Drafted += drafted;
        if (drafted > 0)
            _counters.DraftPasses++;
    }

    private Token Make(FakeToken scripted, bool speculates)
    {
        var id = _model.Tokenizer.IdOf(scripted);
        var token = new Token
        {
            Id = id,
            Piece = scripted.Control ? Google.Protobuf.ByteString.Empty : FakeTokenizer.PieceOf(scripted),
            Origin = speculates ? ScriptFile.ParseOrigin(scripted.From) : Origin.Main,
            Control = scripted.Control,
            ControlText = scripted.Control ? scripted.Text : "",
        };
        if (_request.HasTopLogprobs)
        {
            token.Logprob = scripted.Logprob;
            if (_request.TopLogprobs > 0)
                token.TopLogprobs.Add(new TokenLogprob { Id = id, Piece = token.Piece, Logprob = scripted.Logprob });
        }

        return token;
    }

    /// <summary>Sends and empties the list.</summary>
    private async Task SendAsync(List<Token> tokens, IServerStreamWriter<GenerateResponse> stream)
    {
        if (tokens.Count == 0)
            return;
        await WriteAsync(new GenerateResponse { Step = new DecodeStep { Tokens = { tokens } } }, stream);
        End.EmittedTokens += (uint)tokens.Count;
        if (_counters is not null)
            _counters.Accepted += (ulong)tokens.Count(token => token.Origin != Origin.Main);
        tokens.Clear();
    }

    /// <summary>A reader that does not read pauses this answer, and ends it when it has not read for as long as it may.</summary>
    /// <remarks>A token that fires during a write aborts the whole call: the worker's end must not, it is still to be told.</remarks>
    private async Task WriteAsync(GenerateResponse message, IServerStreamWriter<GenerateResponse> stream)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(_model.Script.ReaderPatienceMs), _time);
        var write = stream.WriteAsync(message, patience.Token);
        if (!write.IsCompleted)
            Phase = Slot.Types.Phase.Paused;
        await write;
        Phase = Slot.Types.Phase.Decode;
    }

    /// <summary>Called once, at the end: what was drafted and neither emitted nor refused has been ignored.</summary>
    private void CloseCounters()
    {
        if (_counters is null)
            return;
        if (_ranThrough && _answer.Speculation is { } scripted && Speculates)
        {
            _counters.Drafted = scripted.Drafted;
            _counters.Accepted = scripted.Accepted;
            _counters.Rejected = scripted.Rejected;
            _counters.Ignored = scripted.Ignored;
            _counters.DecidedByPosition.AddRange(scripted.DecidedByPosition);
            _counters.AcceptedByPosition.AddRange(scripted.AcceptedByPosition);
        }
        else
        {
            _counters.Ignored = _counters.Drafted - _counters.Accepted;
        }

        _counters.MeanLength = _counters.DraftPasses == 0 ? 0 : (double)_counters.Drafted / _counters.DraftPasses;
    }
}
