using System.Numerics;

namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>
/// A probability distribution over token ids, in buffers that are used again: one certain token, a short list, or a weight for every id.
/// </summary>
/// <remarks>
/// The probability of a token is defined as weight / total, both in double precision, where total is the sum of all weights; so the
/// probabilities add up to 1 as exactly as doubles can, although the weights of the dense form are stored as floats. All reading methods
/// use that one definition: what is drawn, what is accepted and what is left after a refusal agree.
/// </remarks>
internal sealed class TokenDistribution
{
    private Form _form = Form.Empty;
    private int[] _tokens = [];
    private double[] _weights = [];
    private float[] _denseWeights = [];
    private double[] _blockSums = [];
    private double[] _subtracted = [];
    private double _total;

    private enum Form
    {
        Empty,
        Point,
        Sparse,
        Dense,
    }

    /// <summary>True when no token is possible: every logit was -inf or not a number.</summary>
    public bool IsEmpty => _form == Form.Empty;

    /// <summary>True when one token is certain.</summary>
    public bool IsPoint => _form == Form.Point;

    /// <summary>Entries to walk with <see cref="TokenAt"/> and <see cref="ProbabilityAt"/>; some may have probability 0.</summary>
    public int Count { get; private set; }

    /// <summary>
    /// Probability of the most probable token. For a draft at temperature 0 the one it had before temperature made it certain.
    /// </summary>
    public double Confidence { get; set; }

    public int TokenAt(int index) => _form == Form.Dense ? index : _tokens[index];

    public double ProbabilityAt(int index) => (_form == Form.Dense ? _denseWeights[index] : _weights[index]) / _total;

    /// <summary>Probability of a token; 0 for an id the distribution does not know.</summary>
    public double Probability(int token)
    {
        if (_form == Form.Dense)
            return (uint)token < (uint)Count ? ProbabilityAt(token) : 0;
        var index = _tokens.AsSpan(0, Count).IndexOf(token);
        return index < 0 ? 0 : ProbabilityAt(index);
    }

    /// <summary>The most probable token, the lowest id among equals; -1 when empty.</summary>
    public int MostProbable()
    {
        var best = -1;
        var bestProbability = 0.0;
        for (var index = 0; index < Count; index++)
        {
            var probability = ProbabilityAt(index);
            if (probability > bestProbability || (probability == bestProbability && best >= 0 && TokenAt(index) < best))
                (best, bestProbability) = (TokenAt(index), probability);
        }
        return best;
    }

    /// <summary>The token that a uniform number in [0, 1) falls on. Never one of probability 0. Not for an empty distribution.</summary>
    public int Draw(double uniform)
    {
        if (IsEmpty)
            throw new InvalidOperationException("Nothing can be drawn from an empty distribution.");
        var left = uniform * _total;
        return _form == Form.Dense ? DrawDense(left) : DrawSparse(left);
    }

    public void SetEmpty()
    {
        _form = Form.Empty;
        Count = 0;
        Confidence = 0;
        _total = 1;
    }

    public void SetPoint(int token)
    {
        BeginSparse(1);
        Add(token, 1);
        _form = Form.Point;
        Confidence = 1;
    }

    /// <summary>The candidates with weight exp(scale · (logit - maximum)); the maximum is that of the candidates.</summary>
    public void SetCandidates(CandidateSet candidates, float maximum, float scale)
    {
        BeginSparse(candidates.Count);
        var weights = candidates.Weights(maximum, scale, out _);
        for (var rank = 0; rank < weights.Length; rank++)
            Add(candidates.TokenAt(rank), weights[rank]);
        FinishSparse();
        Confidence = IsEmpty ? 0 : 1 / _total;
    }

    /// <summary>Every token with weight exp(scale · (logit - maximum)); the maximum is that of the logits.</summary>
    public void SetLogits(ReadOnlySpan<float> logits, float maximum, float scale)
    {
        var blocks = (logits.Length + LogitKernels.BlockLength - 1) / LogitKernels.BlockLength;
        if (_denseWeights.Length < logits.Length)
            _denseWeights = new float[logits.Length];
        if (_blockSums.Length < blocks)
            _blockSums = new double[blocks];
        _total = LogitKernels.Exponentials(logits, maximum, scale, _denseWeights, _blockSums);
        _form = Form.Dense;
        Count = logits.Length;
        // The largest weight is exp(0).
        Confidence = 1 / _total;
    }

    /// <summary>
    /// What a refusal leaves: norm(max(0, share * main - draft)). Empty when nothing is left, which only rounding can bring about after a
    /// refusal. Returns the mass before it is normalised.
    /// </summary>
    public double SetResidual(TokenDistribution main, TokenDistribution draft, double share = 1)
    {
        BeginSparse(main.Count);
        if (main._form == Form.Dense)
            AddResidualOfDense(main, draft, share);
        else
            AddResidualOfSparse(main, draft, share);
        FinishSparse();
        return IsEmpty ? 0 : _total;
    }

    private void AddResidualOfDense(TokenDistribution main, TokenDistribution draft, double share)
    {
        var isDense = draft._form == Form.Dense;
        var subtracted = isDense ? draft._denseWeights.AsSpan(0, draft.Count) : [];
        LogitKernels.Difference(main._denseWeights.AsSpan(0, main.Count), main._total / share, subtracted, draft._total, _weights);
        for (var index = 0; !isDense && index < draft.Count; index++)
            if (draft._tokens[index] < main.Count)
                _weights[draft._tokens[index]] -= draft.ProbabilityAt(index);
        // In place and without branches, because about every other difference is positive.
        for (var token = 0; token < main.Count; token++)
        {
            var weight = Math.Max(_weights[token], 0);
            _tokens[Count] = token;
            _weights[Count] = weight;
            Count += weight > 0 ? 1 : 0;
            _total += weight;
        }
    }

    private void AddResidualOfSparse(TokenDistribution main, TokenDistribution draft, double share)
    {
        var isDense = draft._form == Form.Dense;
        if (!isDense)
            draft.Scatter(ref _subtracted);
        for (var index = 0; index < main.Count; index++)
        {
            var token = main.TokenAt(index);
            var subtracted = isDense ? draft.Probability(token) : token < _subtracted.Length ? _subtracted[token] : 0;
            var weight = (share * main.ProbabilityAt(index)) - subtracted;
            if (weight > 0)
                Add(token, weight);
        }
        if (!isDense)
            draft.Unscatter(_subtracted);
    }

    private void Scatter(ref double[] byToken)
    {
        var largest = -1;
        for (var index = 0; index < Count; index++)
            largest = Math.Max(largest, _tokens[index]);
        if (byToken.Length <= largest)
            byToken = new double[Math.Max(largest + 1, 2 * byToken.Length)];
        for (var index = 0; index < Count; index++)
            byToken[_tokens[index]] = ProbabilityAt(index);
    }

    private void Unscatter(double[] byToken)
    {
        for (var index = 0; index < Count; index++)
            byToken[_tokens[index]] = 0;
    }

    private void BeginSparse(int capacity)
    {
        SetEmpty();
        if (_tokens.Length < capacity)
        {
            _tokens = new int[BitOperations.RoundUpToPowerOf2((uint)Math.Max(capacity, 64))];
            _weights = new double[_tokens.Length];
        }
        _total = 0;
    }

    private void Add(int token, double weight)
    {
        _tokens[Count] = token;
        _weights[Count++] = weight;
        _total += weight;
    }

    private void FinishSparse()
    {
        if (Count == 0 || !(_total > 0))
        {
            SetEmpty();
            return;
        }
        _form = Form.Sparse;
    }

    private int DrawSparse(double left)
    {
        var last = -1;
        for (var index = 0; index < Count; index++)
        {
            if (!(_weights[index] > 0))
                continue;
            last = _tokens[index];
            left -= _weights[index];
            if (left < 0)
                break;
        }
        return last;
    }

    private int DrawDense(double left)
    {
        // Whole blocks first. Rounding may carry `left` past the last weight; the last positive one is then meant.
        var chosen = -1;
        var leftInBlock = left;
        for (var start = 0; start < Count && left >= 0; start += LogitKernels.BlockLength)
        {
            var sum = _blockSums[start / LogitKernels.BlockLength];
            if (!(sum > 0))
                continue;
            (chosen, leftInBlock) = (start, left);
            left -= sum;
        }
        return DrawInBlock(chosen, leftInBlock);
    }

    private int DrawInBlock(int start, double left)
    {
        var last = -1;
        for (var token = start; token < Math.Min(start + LogitKernels.BlockLength, Count); token++)
        {
            if (!(_denseWeights[token] > 0))
                continue;
            last = token;
            left -= _denseWeights[token];
            if (left < 0)
                break;
        }
        return last;
    }
}
