using System.Numerics;
using System.Runtime.InteropServices;

namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>
/// Vectorised passes over a row of logits. A logit that is not a number counts as -inf everywhere.
/// </summary>
internal static class LogitKernels
{
    /// <summary>Logits per partial sum of <see cref="Exponentials"/>; a multiple of every vector width.</summary>
    public const int BlockLength = 256;

    /// <summary>The largest logit; -inf when there is none above it.</summary>
    public static float Maximum(ReadOnlySpan<float> logits)
    {
        var best = float.NegativeInfinity;
        var index = 0;
        if (logits.Length >= Vector<float>.Count)
        {
            // A comparison with a NaN is false, so a NaN never gets into the accumulator.
            var maximum = new Vector<float>(float.NegativeInfinity);
            for (; index <= logits.Length - Vector<float>.Count; index += Vector<float>.Count)
            {
                var values = new Vector<float>(logits[index..]);
                maximum = Vector.ConditionalSelect(Vector.GreaterThan(values, maximum), values, maximum);
            }
            for (var lane = 0; lane < Vector<float>.Count; lane++)
                if (maximum[lane] > best)
                    best = maximum[lane];
        }
        for (; index < logits.Length; index++)
            if (logits[index] > best)
                best = logits[index];
        return best;
    }

    /// <summary>Index of the largest logit, the lowest index among equals; -1 when all are -inf or the largest is +inf.</summary>
    public static int IndexOfMaximum(ReadOnlySpan<float> logits)
    {
        var maximum = Maximum(logits);
        if (float.IsInfinity(maximum))
            return -1;
        // The search over bits is vectorised, but cannot see that -0 and +0 are equal.
        return maximum == 0
            ? logits.IndexOf(maximum)
            : MemoryMarshal.Cast<float, int>(logits).IndexOf(BitConverter.SingleToInt32Bits(maximum));
    }

    /// <summary>Sum of exp(scale · (logit - maximum)), added up in double precision.</summary>
    public static double SumOfExponentials(ReadOnlySpan<float> logits, float maximum, float scale)
    {
        var low = Vector<double>.Zero;
        var high = Vector<double>.Zero;
        var index = 0;
        for (; index <= logits.Length - Vector<float>.Count; index += Vector<float>.Count)
        {
            Vector.Widen(Exponential(new Vector<float>(logits[index..]), maximum, scale), out var left, out var right);
            low += left;
            high += right;
        }
        var sum = Vector.Sum(low + high);
        for (; index < logits.Length; index++)
            sum += Exponential(logits[index], maximum, scale);
        return sum;
    }

    /// <summary>
    /// Writes exp(scale · (logit - maximum)) for every logit and the sum of every <see cref="BlockLength"/> of them, in double precision;
    /// returns the sum of those sums.
    /// </summary>
    public static double Exponentials(ReadOnlySpan<float> logits, float maximum, float scale, Span<float> weights, Span<double> blockSums)
    {
        var total = 0.0;
        for (int start = 0, block = 0; start < logits.Length; start += BlockLength, block++)
        {
            var length = Math.Min(BlockLength, logits.Length - start);
            var sum = ExponentialsOfBlock(logits.Slice(start, length), maximum, scale, weights.Slice(start, length));
            blockSums[block] = sum;
            total += sum;
        }
        return total;
    }

    /// <summary>
    /// Writes weight / total of the first distribution minus that of the second, which is 0 where it has no weight.
    /// </summary>
    public static void Difference(
        ReadOnlySpan<float> weights, double total, ReadOnlySpan<float> subtracted, double subtractedTotal, Span<double> result)
    {
        var shared = Math.Min(weights.Length, subtracted.Length);
        var index = 0;
        for (; index <= shared - Vector<float>.Count; index += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(weights[index..]), out var left, out var right);
            Vector.Widen(new Vector<float>(subtracted[index..]), out var subtractedLeft, out var subtractedRight);
            ((left / total) - (subtractedLeft / subtractedTotal)).CopyTo(result[index..]);
            ((right / total) - (subtractedRight / subtractedTotal)).CopyTo(result[(index + Vector<double>.Count)..]);
        }
        for (; index < shared; index++)
            result[index] = (weights[index] / total) - (subtracted[index] / subtractedTotal);
        for (; index < weights.Length; index++)
            result[index] = weights[index] / total;
    }

    private static double ExponentialsOfBlock(ReadOnlySpan<float> logits, float maximum, float scale, Span<float> weights)
    {
        var low = Vector<double>.Zero;
        var high = Vector<double>.Zero;
        var index = 0;
        for (; index <= logits.Length - Vector<float>.Count; index += Vector<float>.Count)
        {
            var exponential = Exponential(new Vector<float>(logits[index..]), maximum, scale);
            exponential.CopyTo(weights[index..]);
            Vector.Widen(exponential, out var left, out var right);
            low += left;
            high += right;
        }
        var sum = Vector.Sum(low + high);
        for (; index < logits.Length; index++)
        {
            weights[index] = Exponential(logits[index], maximum, scale);
            sum += weights[index];
        }
        return sum;
    }

    private static Vector<float> Exponential(Vector<float> logits, float maximum, float scale)
    {
        var exponential = Vector.Exp((logits - new Vector<float>(maximum)) * scale);
        var isPossible = Vector.GreaterThan(logits, new Vector<float>(float.NegativeInfinity));
        return Vector.ConditionalSelect(isPossible, exponential, Vector<float>.Zero);
    }

    private static float Exponential(float logit, float maximum, float scale) =>
        logit > float.NegativeInfinity ? MathF.Exp((logit - maximum) * scale) : 0;
}
