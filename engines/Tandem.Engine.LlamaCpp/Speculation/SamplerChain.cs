namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>What the chain needs to know of the main model's vocabulary.</summary>
/// <param name="Size">Token ids are 0 to Size - 1; longer rows are cut, so that a draft never proposes an id the main model lacks.</param>
/// <param name="EndOfGeneration">Every token that ends a text.</param>
/// <param name="Suppressed">Tokens that are never chosen.</param>
/// <param name="PieceOf">Bytes of a token; needed only where DRY looks for breakers in the text.</param>
internal sealed record ChainVocabulary(
    int Size, IReadOnlyList<int> EndOfGeneration, IReadOnlyList<int> Suppressed, Func<int, ReadOnlyMemory<byte>>? PieceOf = null);

/// <summary>
/// One request's way from a row of logits to the distribution a token is drawn from, and the history that way depends on.
/// Not thread-safe; one per request, for the rows of the main model and of the draft alike.
/// </summary>
/// <remarks>
/// Order, as in llama.cpp's default chain: logit bias · suppressed tokens, ignore_eos, min_tokens · further stages (constraints) ·
/// penalties · DRY · top-k · typical · top-p · min-p · XTC · temperature, dynamic or not. At temperature 0 the most probable token after the penalties is certain
/// and nothing is cut. Every probability in between is at temperature 1 and normalised over what the stages before left, except that
/// min-p compares with the most probable token. Nothing is allocated per token once the buffers have their size.
/// The distribution lists tokens by id, so that a random number falls on the same token although other batch widths round the logits
/// differently: in the order of probability, two tokens that are about equally probable would change places.
/// </remarks>
internal sealed class SamplerChain
{
    private readonly SamplingSettings _settings;
    private readonly ChainVocabulary _vocabulary;
    private readonly (int Token, float Bias)[] _biases;
    private readonly int[] _endOfGeneration;
    private readonly ILogitStage[] _stages;
    private readonly CandidateSet _candidates = new();
    private readonly CounterRandom? _random;
    private readonly float _scale;
    private float[] _edited = [];

    /// <param name="settings">Settings of the request.</param>
    /// <param name="vocabulary">The main model's.</param>
    /// <param name="random">Where XTC takes its chance from; null: it never happens.</param>
    /// <param name="stages">Further stages, before the penalties.</param>
    public SamplerChain(SamplingSettings settings, ChainVocabulary vocabulary, CounterRandom? random = null, IReadOnlyList<ILogitStage>? stages = null)
    {
        _random = random;
        _settings = settings;
        _vocabulary = vocabulary;
        _endOfGeneration = [.. vocabulary.EndOfGeneration.Where(token => token >= 0)];
        var banned = settings.IgnoreEos ? vocabulary.Suppressed.Concat(_endOfGeneration) : vocabulary.Suppressed;
        _biases =
        [
            .. settings.LogitBias.Select(bias => (bias.Token, bias.Bias)),
            .. banned.Select(token => (token, float.NegativeInfinity)),
        ];
        _stages =
        [
            .. stages ?? [],
            .. settings.HasPenalties ? (ILogitStage[])[new TokenPenalties(settings, vocabulary.Size)] : [],
            .. settings.HasDry ? (ILogitStage[])[new DryPenalty(settings, vocabulary)] : [],
        ];
        // A temperature so small that its inverse overflows is as good as the largest inverse.
        _scale = settings.IsGreedy ? 1 : Math.Min(1 / settings.Temperature, float.MaxValue);
    }

    /// <summary>Tokens of the answer accepted so far, drafted ones included: the position of the next one.</summary>
    public int Position { get; private set; }

    public bool IsGreedy => _settings.IsGreedy;

    public bool IsEndOfGeneration(int token) => _endOfGeneration.AsSpan().Contains(token);

    /// <summary>The prompt, before the first token: the penalties look at it.</summary>
    public void AcceptPrompt(ReadOnlySpan<int> tokens)
    {
        foreach (var stage in _stages)
            foreach (var token in tokens)
                stage.Accept(token);
    }

    /// <summary>The next token of the answer.</summary>
    public void Accept(int token)
    {
        foreach (var stage in _stages)
            stage.Accept(token);
        Position++;
    }

    /// <summary>A point to come back to with <see cref="Restore"/>.</summary>
    public ChainMark Mark() => new(Position);

    /// <summary>Takes back every token accepted since the mark.</summary>
    public void Restore(ChainMark mark)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(mark.Position, Position);
        foreach (var stage in _stages)
            stage.Rollback(Position - mark.Position);
        Position = mark.Position;
    }

    /// <summary>Turns a row of logits for the next token into the distribution it is drawn from.</summary>
    /// <param name="row">Logits by token id; ids from the vocabulary's size on are left out.</param>
    /// <param name="result">Overwritten. Empty when no token is possible.</param>
    public void Apply(ReadOnlySpan<float> row, TokenDistribution result)
    {
        var logits = Edit(row);
        if (IsGreedy)
            SetMostProbable(logits, result);
        else
            Cut(logits, result);
    }

    /// <summary>
    /// As <see cref="Apply"/>, for a row of the draft whose confidence is wanted: at temperature 0 the probability the most probable
    /// token has at temperature 1.
    /// </summary>
    public void ApplyWithConfidence(ReadOnlySpan<float> row, TokenDistribution result)
    {
        var logits = Edit(row);
        if (!IsGreedy)
        {
            Cut(logits, result);
            return;
        }
        SetMostProbable(logits, result);
        if (!result.IsEmpty)
            result.Confidence = 1 / LogitKernels.SumOfExponentials(logits, logits[result.TokenAt(0)], 1);
    }

    private static void SetMostProbable(ReadOnlySpan<float> logits, TokenDistribution result)
    {
        var token = LogitKernels.IndexOfMaximum(logits);
        if (token < 0)
            result.SetEmpty();
        else
            result.SetPoint(token);
    }

    /// <summary>The row itself when no stage changes anything, else a changed copy.</summary>
    private ReadOnlySpan<float> Edit(ReadOnlySpan<float> row)
    {
        row = row[..Math.Min(row.Length, _vocabulary.Size)];
        var endIsBanned = Position < _settings.MinTokens;
        if (_biases.Length == 0 && _stages.Length == 0 && !endIsBanned)
            return row;
        if (_edited.Length < row.Length)
            _edited = new float[row.Length];
        var logits = _edited.AsSpan(0, row.Length);
        row.CopyTo(logits);
        foreach (var (token, bias) in _biases)
            if (token < logits.Length)
                logits[token] += bias;
        if (endIsBanned)
            foreach (var token in _endOfGeneration)
                if (token < logits.Length)
                    logits[token] = float.NegativeInfinity;
        foreach (var stage in _stages)
            stage.Apply(logits);
        return logits;
    }

    private void Cut(ReadOnlySpan<float> logits, TokenDistribution result)
    {
        var maximum = LogitKernels.Maximum(logits);
        if (float.IsInfinity(maximum))
        {
            result.SetEmpty();
            return;
        }
        if (!Select(logits, maximum))
        {
            result.SetLogits(logits, maximum, _scale);
            return;
        }
        // The typical cut or XTC may have removed the most probable token.
        maximum = _candidates.Maximum();
        result.SetCandidates(_candidates, maximum, _settings.DynamicTemperatureRange > 0 ? DynamicScale(maximum) : _scale);
    }

    /// <summary>The flatter the distribution, the higher the temperature: from the lower end of its range to the upper one.</summary>
    private float DynamicScale(float maximum)
    {
        var (middle, range) = (_settings.Temperature, _settings.DynamicTemperatureRange);
        var lowest = Math.Max(0, middle - range);
        var share = Math.Pow(_candidates.RelativeEntropy(maximum), _settings.DynamicTemperatureExponent);
        return (float)Math.Min(1 / (lowest + ((middle + range - lowest) * share)), float.MaxValue);
    }

    /// <summary>Fills the candidates with what the cuts leave; false when nothing is cut and no stage needs them.</summary>
    private bool Select(ReadOnlySpan<float> logits, float maximum)
    {
        var isSorted = TakeFirstCut(logits, maximum);
        if (isSorted is null)
            return false;
        if (isSorted.Value)
            CutSorted();
        if (_settings.HasXtc && _random?.Uniform(Position, DrawPurpose.Exclusion) < _settings.XtcProbability)
        {
            if (!isSorted.Value)
                _candidates.Sort();
            _candidates.ExcludeTop(_settings.XtcThreshold);
            isSorted = true;
        }
        if (isSorted.Value)
            _candidates.SortById();
        return true;
    }

    /// <summary>True: the candidates are sorted, and the other cuts are still to be made. False: all are made. Null: there is none to make.</summary>
    private bool? TakeFirstCut(ReadOnlySpan<float> logits, float maximum)
    {
        if (_settings.TopK > 0 && _settings.TopK < logits.Length)
        {
            _candidates.TakeLargest(logits, _settings.TopK);
            return true;
        }
        if (_settings.TypicalP < 1)
        {
            _candidates.TakeAtLeast(logits, float.NegativeInfinity);
            _candidates.Sort();
            return true;
        }
        if (_settings.TopP < 1)
            SelectNucleus(logits, maximum);
        else if (_settings.MinP > 0)
            _candidates.TakeAtLeast(logits, maximum + MathF.Log(_settings.MinP));
        else if (_settings.HasXtc || _settings.DynamicTemperatureRange > 0)
            _candidates.TakeAtLeast(logits, float.NegativeInfinity);
        else
            return null;
        return false;
    }

    private void CutSorted()
    {
        if (_settings.TypicalP < 1)
            _candidates.KeepTypical(_settings.TypicalP);
        if (_settings.TopP < 1)
            _candidates.KeepNucleus(_settings.TopP, _candidates.Mass(_candidates.LogitAt(0)));
        if (_settings.MinP > 0)
            _candidates.KeepProbable(_settings.MinP);
    }

    /// <summary>
    /// Top-p and min-p over the whole vocabulary without sorting it: both keep a prefix of the order of probability, so it is enough
    /// to look at the tokens above a threshold that is lowered until they hold the wanted share, or until min-p would cut the rest anyway.
    /// </summary>
    private void SelectNucleus(ReadOnlySpan<float> logits, float maximum)
    {
        var mass = LogitKernels.SumOfExponentials(logits, maximum, 1);
        var floor = _settings.MinP > 0 ? maximum + MathF.Log(_settings.MinP) : float.NegativeInfinity;
        for (var depth = 4f; ; depth *= 2)
        {
            var threshold = depth > 64 ? floor : Math.Max(maximum - depth, floor);
            _candidates.TakeAtLeast(logits, threshold);
            if (threshold == floor || _candidates.Mass(maximum) >= _settings.TopP * mass)
                break;
        }
        _candidates.KeepNucleusUnsorted(_settings.TopP, mass, maximum);
    }
}

/// <summary>A point in a chain's history.</summary>
internal readonly record struct ChainMark(int Position);
