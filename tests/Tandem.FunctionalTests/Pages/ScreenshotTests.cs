using Microsoft.Playwright;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Pages;

/// <summary>
/// Makes the pictures of the pages, under artifacts/pages/; with TANDEM_PICTURES set, into that folder (docs/pages holds the ones of the
/// documentation).
/// </summary>
[Trait("Tier", "Functional")]
public sealed class ScreenshotTests
{
    private static readonly (string Name, PageOptions Options)[] Looks =
    [
        ("light", new PageOptions(1440, 900)), ("dark", new PageOptions(1440, 900, ColorScheme.Dark)),
        ("phone", new PageOptions(390, 844)), ("wide", new PageOptions(2560, 1440)),
    ];

    private static readonly string Folder = Environment.GetEnvironmentVariable("TANDEM_PICTURES") ?? Path.Combine(Repository.Root, "artifacts", "pages");

    [Fact]
    public async Task Every_page_in_every_look()
    {
        await using var serve = await ServeUnderTest.StartAsync();
        var address = await TalkAsync(serve.Url);
        await serve.BenchAsync(2, 64);
        foreach (var (look, options) in Looks)
        {
            await TakeAsync(serve.Url, address, $"chat-{look}", options);
            foreach (var page in new[] { "models", "runtimes", "workers", "server", "benchmark", "about" })
                await TakeAsync(serve.Url, $"/{page}", $"{page}-{look}", options);
        }
    }

    private static async Task<string> TalkAsync(string url)
    {
        await using var chat = await ChatUnderTest.OpenAsync(url);
        await chat.AskAsync("Tell me a story about a fox.");
        await chat.AskAsync("Write quicksort in Python. Code only.");
        return new Uri(chat.Page.Url).AbsolutePath;
    }

    private static async Task TakeAsync(string url, string path, string name, PageOptions options)
    {
        await using var chat = await ChatUnderTest.OpenAsync(url, path, options);
        await chat.Page.WaitForLoadStateAsync(LoadState.Load);
        await chat.Page.GetByRole(AriaRole.Heading, new() { Level = 1 }).First.WaitForAsync(new() { State = WaitForSelectorState.Attached });
        if (path.StartsWith("/chats/", StringComparison.Ordinal))
        {
            await chat.AnsweredAsync();
            // The highlighter comes a little later.
            await chat.Page.Locator(".hljs-keyword").First.WaitForAsync();
        }

        if (path == "/benchmark")
            await chat.Page.GetByTestId("advice").First.WaitForAsync();
        if (path == "/workers")
            await chat.Page.GetByTestId("acceptance").First.WaitForAsync();
        Directory.CreateDirectory(Folder);
        var file = Path.Combine(Folder, $"{name}.png");
        await chat.Page.ScreenshotAsync(new PageScreenshotOptions { Path = file });
        Assert.True(new FileInfo(file).Length > 5_000, file);
    }
}
