using System.Threading.Channels;
using Grpc.Core;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Service;

/// <summary>Carries progress from the thread that loads to the stream of the call; the fraction never falls.</summary>
internal sealed class LoadReporter<TResponse>(Func<LoadProgress, TResponse> wrap)
{
    private readonly Channel<LoadProgress> _progress = Channel.CreateBounded<LoadProgress>(
        new BoundedChannelOptions(16) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private double _highest;

    internal void Report(double fraction, LoadProgress.Types.Phase phase)
    {
        _highest = Math.Max(_highest, Math.Clamp(fraction, 0, 1));
        _progress.Writer.TryWrite(new LoadProgress { Fraction = _highest, Phase = phase });
    }

    /// <summary>Forwards until <paramref name="loading"/> has ended, however it ended; the caller awaits it for its outcome.</summary>
    internal async Task ForwardAsync(Task loading, IServerStreamWriter<TResponse> stream)
    {
        _ = loading.ContinueWith(_ => _progress.Writer.TryComplete(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        await foreach (var progress in _progress.Reader.ReadAllAsync())
        {
            // A caller that has gone cancels the load by its token; here it only means that nobody listens.
            if (!loading.IsCompleted)
                await stream.WriteAsync(wrap(progress));
        }
    }
}
