namespace Tandem.Host.Workers;

/// <summary>A token that is cancelled by the caller's or after a bound, measured on the given clock.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _timeout;
    private readonly CancellationTokenSource _linked;

    public Deadline(TimeSpan bound, TimeProvider clock, CancellationToken cancellationToken)
    {
        _timeout = new CancellationTokenSource(bound, clock);
        _linked = CancellationTokenSource.CreateLinkedTokenSource(_timeout.Token, cancellationToken);
    }

    public CancellationToken Token => _linked.Token;

    public void Dispose()
    {
        _linked.Dispose();
        _timeout.Dispose();
    }
}
