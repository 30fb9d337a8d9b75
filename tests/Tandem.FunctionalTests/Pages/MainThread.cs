using System.Diagnostics;
using Microsoft.Playwright;

namespace Tandem.FunctionalTests.Pages;

/// <summary>Measures a page's main thread.</summary>
internal static class MainThread
{
    /// <summary>Share of a time that it worked.</summary>
    public static Task<double> BusyAsync(IPage page, TimeSpan time) => BusyAsync(page, () => Task.Delay(time, TestContext.Current.CancellationToken));

    /// <summary>Share of the time that something takes that it worked. The goals are a half and less; a machine that is busy itself makes every task longer, so more is let pass.</summary>
    public static async Task<double> BusyAsync(IPage page, Func<Task> something)
    {
        var session = await page.Context.NewCDPSessionAsync(page);
        await session.SendAsync("Performance.enable");
        var (before, started) = (await TaskSecondsAsync(session), Stopwatch.GetTimestamp());
        await something();
        var busy = (await TaskSecondsAsync(session) - before) / Stopwatch.GetElapsedTime(started).TotalSeconds;
        Assert.InRange(busy, 0, 0.9);
        return busy;
    }

    private static async Task<double> TaskSecondsAsync(ICDPSession session)
    {
        var metrics = (await session.SendAsync("Performance.getMetrics"))!.Value.GetProperty("metrics").EnumerateArray();
        return metrics.Single(metric => metric.GetProperty("name").GetString() == "TaskDuration").GetProperty("value").GetDouble();
    }
}
