using System.Numerics;
using System.Runtime.CompilerServices;

namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>
/// The tokens that are left after a cut: most probable first, the lower id first among equals, while stages need that order; in the order
/// of their ids in the end.
/// </summary>
/// <remarks>
/// A candidate is one 64-bit key: the logit in its upper half, mapped so that a smaller key is a larger logit, the token id in its lower
/// half. Sorting, selecting and comparing are then plain integer work, and ties are settled by the id.
/// </remarks>
internal sealed class CandidateSet
{
    private const int BucketCount = 1024;

    private ulong[] _keys = [];
    private ulong[] _order = [];
    private double[] _weights = [];
    private readonly double[] _bucketMasses = new double[BucketCount];

    public int Count { get; private set; }

    public int TokenAt(int rank) => (int)(uint)_keys[rank];

    public float LogitAt(int rank) => Logit(_keys[rank]);

    /// <summary>The largest logit among the candidates, sorted or not.</summary>
    public float Maximum()
    {
        var best = ulong.MaxValue;
        foreach (var key in _keys.AsSpan(0, Count))
            best = Math.Min(best, key);
        return Logit(best);
    }

    /// <summary>Takes the <paramref name="count"/> largest logits, in order; fewer when fewer are above -inf.</summary>
    public void TakeLargest(ReadOnlySpan<float> logits, int count)
    {
        count = Math.Min(count, logits.Length);
        Reserve(ref _keys, count);
        var heap = _keys.AsSpan(0, count);
        for (var token = 0; token < count; token++)
            heap[token] = Key(logits[token], token);
        for (var root = (count / 2) - 1; root >= 0; root--)
            SiftDown(heap, root);
        ReplaceSmaller(heap, logits);
        heap.Sort();
        Count = count;
        while (Count > 0 && float.IsNegativeInfinity(LogitAt(Count - 1)))
            Count--;
    }

    /// <summary>Takes every logit that is at least the threshold and above -inf, in the order of ids.</summary>
    public void TakeAtLeast(ReadOnlySpan<float> logits, float threshold)
    {
        Reserve(ref _keys, logits.Length);
        var floor = Math.Max(threshold, float.MinValue);
        var limit = new Vector<float>(floor);
        var count = 0;
        var token = 0;
        for (; token <= logits.Length - Vector<float>.Count; token += Vector<float>.Count)
        {
            if (!Vector.GreaterThanOrEqualAny(new Vector<float>(logits[token..]), limit))
                continue;
            for (var lane = token; lane < token + Vector<float>.Count; lane++)
                if (logits[lane] >= floor)
                    _keys[count++] = Key(logits[lane], lane);
        }
        for (; token < logits.Length; token++)
            if (logits[token] >= floor)
                _keys[count++] = Key(logits[token], token);
        Count = count;
    }

    public void Sort() => _keys.AsSpan(0, Count).Sort();

    /// <summary>Sum of exp(logit - maximum) over the candidates.</summary>
    public double Mass(float maximum) => Weigh(maximum, 1);

    /// <summary>
    /// Keeps the smallest number of most probable candidates whose probabilities reach <paramref name="share"/> of
    /// <paramref name="mass"/> (nucleus sampling; Holtzman et al., 2020). At least one. Sorted candidates only.
    /// </summary>
    public void KeepNucleus(double share, double mass)
    {
        Weigh(LogitAt(0), 1);
        var reached = 0.0;
        for (var rank = 0; rank < Count; rank++)
        {
            reached += _weights[rank];
            if (reached >= share * mass)
            {
                Count = rank + 1;
                return;
            }
        }
    }

    /// <summary>
    /// As <see cref="KeepNucleus"/>, for candidates in the order of their ids and with only as much sorting as needed: they are dealt into
    /// buckets by their distance from the maximum, and only the bucket in which the share is reached is sorted. They stay in their order.
    /// </summary>
    public void KeepNucleusUnsorted(double share, double mass, float maximum)
    {
        Weigh(maximum, 1);
        Array.Clear(_bucketMasses);
        for (var rank = 0; rank < Count; rank++)
            _bucketMasses[Bucket(LogitAt(rank), maximum)] += _weights[rank];
        var reached = 0.0;
        var last = 0;
        while (last < BucketCount - 1 && reached + _bucketMasses[last] < share * mass)
            reached += _bucketMasses[last++];

        Reserve(ref _order, _keys.Length);
        var open = 0;
        for (var rank = 0; rank < Count; rank++)
        {
            if (Bucket(LogitAt(rank), maximum) == last)
                _order[open++] = _keys[rank];
        }
        _order.AsSpan(0, open).Sort();
        // Keys order by logit, then id: everything up to the one that reaches the share stays. The best bucket is never empty.
        var bound = 0UL;
        for (var index = 0; index < open && (reached < share * mass || (index == 0 && last == 0)); index++)
        {
            bound = _order[index];
            reached += Math.Exp((double)Logit(bound) - maximum);
        }
        var kept = 0;
        for (var rank = 0; rank < Count; rank++)
        {
            var key = _keys[rank];
            if (key <= bound || Bucket(Logit(key), maximum) < last)
                _keys[kept++] = key;
        }
        Count = kept;
    }

    /// <summary>Puts the candidates into the order of their ids.</summary>
    public void SortById()
    {
        var keys = _keys.AsSpan(0, Count);
        foreach (ref var key in keys)
            key = BitOperations.RotateLeft(key, 32);
        keys.Sort();
        foreach (ref var key in keys)
            key = BitOperations.RotateLeft(key, 32);
    }

    /// <summary>Sixteen buckets per unit of logit; a larger logit is never in a later bucket.</summary>
    private static int Bucket(float logit, float maximum) => (int)Math.Min((maximum - logit) * 16, BucketCount - 1);

    /// <summary>Keeps candidates at least <paramref name="share"/> times as probable as the first. Sorted candidates only.</summary>
    public void KeepProbable(double share)
    {
        var threshold = LogitAt(0) + (float)Math.Log(share);
        while (Count > 1 && LogitAt(Count - 1) < threshold)
            Count--;
    }

    /// <summary>
    /// Keeps those whose surprise is nearest to the expected one, until their probabilities exceed <paramref name="share"/>
    /// (locally typical sampling; Meister et al., 2023). At least one. Sorted candidates only; they stay sorted.
    /// </summary>
    public void KeepTypical(double share)
    {
        var logOfMass = Math.Log(Weigh(LogitAt(0), 1));
        var mass = Math.Exp(logOfMass);
        var entropy = 0.0;
        for (var rank = 0; rank < Count; rank++)
            entropy += _weights[rank] / mass * Surprise(rank, logOfMass);
        Reserve(ref _order, _keys.Length);
        for (var rank = 0; rank < Count; rank++)
        {
            // Distances are not negative, and the bits of such floats order like integers.
            var distance = (float)Math.Abs(Surprise(rank, logOfMass) - entropy);
            _order[rank] = ((ulong)BitConverter.SingleToUInt32Bits(distance) << 32) | (uint)rank;
        }
        _order.AsSpan(0, Count).Sort();
        var kept = 0;
        for (var reached = 0.0; kept < Count && reached <= share * mass; kept++)
            reached += _weights[(uint)_order[kept]];
        for (var index = 0; index < kept; index++)
            _order[index] = _keys[(uint)_order[index]];
        _order.AsSpan(0, kept).CopyTo(_keys);
        Count = kept;
        Sort();
    }

    /// <summary>
    /// Removes all candidates of at least this probability but the least probable of them (XTC, "exclude top choices"). Sorted candidates only.
    /// </summary>
    public void ExcludeTop(double threshold)
    {
        var mass = Weigh(LogitAt(0), 1);
        var last = 0;
        while (last + 1 < Count && _weights[last + 1] >= threshold * mass)
            last++;
        Count -= last;
        _keys.AsSpan(last, Count).CopyTo(_keys);
    }

    /// <summary>Entropy of the candidates as a share of the largest possible with so many, 0 to 1.</summary>
    public double RelativeEntropy(float maximum)
    {
        if (Count < 2)
            return 0;
        var mass = Weigh(maximum, 1);
        var expected = 0.0;
        for (var rank = 0; rank < Count; rank++)
            expected += _weights[rank] * ((double)maximum - LogitAt(rank));
        return Math.Clamp(((expected / mass) + Math.Log(mass)) / Math.Log(Count), 0, 1);
    }

    /// <summary>Weight exp(scale · (logit - maximum)) of every candidate, in the order of ranks; valid until the next call.</summary>
    public ReadOnlySpan<double> Weights(float maximum, float scale, out double total)
    {
        total = Weigh(maximum, scale);
        return _weights.AsSpan(0, Count);
    }

    private double Weigh(float maximum, float scale)
    {
        Reserve(ref _weights, _keys.Length);
        var weights = _weights.AsSpan(0, Count);
        for (var rank = 0; rank < Count; rank++)
            weights[rank] = ((double)LogitAt(rank) - maximum) * scale;
        var index = 0;
        for (; index <= Count - Vector<double>.Count; index += Vector<double>.Count)
            Vector.Exp(new Vector<double>(weights[index..])).CopyTo(weights[index..]);
        for (; index < Count; index++)
            weights[index] = Math.Exp(weights[index]);
        var total = 0.0;
        foreach (var weight in weights)
            total += weight;
        return total;
    }

    private double Surprise(int rank, double logOfMass) => LogitAt(0) - LogitAt(rank) + logOfMass;

    /// <summary>Scans what the heap was not filled with. The root is the worst kept; most blocks of logits have nothing above it.</summary>
    private static void ReplaceSmaller(Span<ulong> heap, ReadOnlySpan<float> logits)
    {
        var token = heap.Length;
        if (token == 0)
            return;
        var worst = Logit(heap[0]);
        var limit = new Vector<float>(worst);
        for (; token <= logits.Length - Vector<float>.Count; token += Vector<float>.Count)
        {
            if (!Vector.GreaterThanAny(new Vector<float>(logits[token..]), limit))
                continue;
            for (var lane = token; lane < token + Vector<float>.Count; lane++)
                worst = Replace(heap, logits[lane], lane, worst);
            limit = new Vector<float>(worst);
        }
        for (; token < logits.Length; token++)
            worst = Replace(heap, logits[token], token, worst);
    }

    private static float Replace(Span<ulong> heap, float logit, int token, float worst)
    {
        // Equal to the worst is not better: its id is lower.
        if (!(logit > worst))
            return worst;
        heap[0] = Key(logit, token);
        SiftDown(heap, 0);
        return Logit(heap[0]);
    }

    private static void SiftDown(Span<ulong> heap, int parent)
    {
        var key = heap[parent];
        for (var child = (2 * parent) + 1; child < heap.Length; child = (2 * parent) + 1)
        {
            if (child + 1 < heap.Length && heap[child + 1] > heap[child])
                child++;
            if (heap[child] <= key)
                break;
            heap[parent] = heap[child];
            parent = child;
        }
        heap[parent] = key;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Key(float logit, int token)
    {
        // Adding +0 makes one zero of two. Then: order floats as unsigned integers, and turn the order round.
        var bits = BitConverter.SingleToUInt32Bits(float.IsNaN(logit) ? float.NegativeInfinity : logit + 0f);
        var ordered = (bits & 0x80000000) != 0 ? ~bits : bits | 0x80000000;
        return ((ulong)~ordered << 32) | (uint)token;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Logit(ulong key)
    {
        var ordered = ~(uint)(key >> 32);
        return BitConverter.UInt32BitsToSingle((ordered & 0x80000000) != 0 ? ordered & 0x7FFFFFFF : ~ordered);
    }

    private static void Reserve<T>(ref T[] array, int length)
    {
        if (array.Length < length)
            array = new T[Math.Max(length, 64)];
    }
}
