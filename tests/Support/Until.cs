namespace Tandem.Tests.Support;

/// <summary>Bounded waits for what sends no notice, such as files and processes.</summary>
internal static class Until
{
    public static Task TrueAsync(Func<bool> condition) => TrueAsync(() => Task.FromResult(condition()));

    public static async Task TrueAsync(Func<Task<bool>> condition)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!await condition())
            await look.WaitForNextTickAsync(bound.Token);
    }
}
