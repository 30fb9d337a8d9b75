using Tandem.Engine.LlamaCpp.Native;
using Tandem.Engine.LlamaCpp.Speculation;

namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>
/// Measures how long passes of different widths take, in a context that holds nothing yet: only widths without a figure, the most telling
/// first, and no longer than its time allows. Decoding refines what it finds.
/// </summary>
internal static class CostProbe
{
    /// <summary>A main model's time, when nothing is stored.</summary>
    internal static readonly TimeSpan MainBudget = TimeSpan.FromSeconds(0.4);

    /// <summary>A draft's: answers may be waiting.</summary>
    internal static readonly TimeSpan DraftBudget = TimeSpan.FromSeconds(0.04);

    /// <summary>Kernels come in widths of 4, 8 and 16: both sides of their edges, as drafts use them.</summary>
    private static readonly int[] Widths = [1, 5, 9, 2, 4, 8, 3, 6, 17, 7, 13, 33, 16, 12];
    private const int Rounds = 3;

    /// <param name="everyRow">Logits of every row, as a main model's passes have them; false: of the last, as a draft's.</param>
    internal static void Run(LlamaContext context, PassTimes times, bool everyRow, TimeProvider time, TimeSpan budget)
    {
        var widths = Widths.Where(width => !times.IsMeasured(width) && width <= Math.Min(context.Capacity, context.ContextLength)).ToList();
        var began = time.GetTimestamp();
        // The first pass of a context makes its buffers.
        if (widths.Count == 0 || !Pass(context, 1, everyRow))
            return;
        var seconds = new double[PassTimes.MaxRows + 1];
        // Every width several times before the next one, and the best counts: a hiccup would be believed for long.
        foreach (var width in widths)
        {
            for (var round = 0; round < Rounds; round++)
            {
                var passBegan = time.GetTimestamp();
                if (time.GetElapsedTime(began, passBegan) > budget || !Pass(context, width, everyRow))
                    break;
                var took = time.GetElapsedTime(passBegan).TotalSeconds;
                seconds[width] = round == 0 ? took : Math.Min(seconds[width], took);
            }
        }
        foreach (var width in widths)
            times.Record(width, seconds[width]);
    }

    private static bool Pass(LlamaContext context, int width, bool everyRow)
    {
        var row = 0;
        for (var position = 0; position < width; position++)
            row = context.Add(position, position, 0, wantsLogits: everyRow || position == width - 1);
        var isDone = context.Decode() == DecodeStatus.Ok && context.Logits(row).Length > 0;
        context.Clear();
        return isDone;
    }
}
