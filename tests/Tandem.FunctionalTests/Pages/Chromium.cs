using Microsoft.Playwright;

namespace Tandem.FunctionalTests.Pages;

/// <summary>The browser that the tests of the pages share; each test has a profile of its own in it.</summary>
internal static class Chromium
{
    private static readonly string[] Places =
    [
        "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", @"C:\Program Files\Google\Chrome\Application\chrome.exe",
    ];

    // No traffic of the browser's own; a test that sees a request to another place means it.
    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--hide-scrollbars",
    ];

    private static readonly Lazy<Task<IBrowser>> Shared = new(StartAsync);

    private static string? Executable { get; } = Environment.GetEnvironmentVariable("TANDEM_CHROMIUM") ?? Places.FirstOrDefault(File.Exists);

    /// <summary>Skips the running test where there is no Chromium.</summary>
    public static Task<IBrowser> RequireAsync()
    {
        Assert.SkipWhen(Executable is null, "there is no Chromium (TANDEM_CHROMIUM names one)");
        return Shared.Value;
    }

    private static async Task<IBrowser> StartAsync()
    {
        var playwright = await Playwright.CreateAsync();
        return await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Executable, Args = Arguments });
    }
}
