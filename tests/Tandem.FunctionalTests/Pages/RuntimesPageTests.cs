using Microsoft.Playwright;
using Tandem.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace Tandem.FunctionalTests.Pages;

[Trait("Tier", "Functional")]
public sealed class RuntimesPageTests
{
    private static readonly string Copy = RealHome.Bundled.Replace("3.22.1", "3.21.9", StringComparison.Ordinal);

    [Fact]
    public async Task A_survey_shows_checking_and_then_what_is_broken_on_disk_and_how_to_repair_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Directory.Exists(RealHome.BundledFolder), "the library is that of Linux");
        var folder = "";
        await using var serve = await ServeUnderTest.StartAsync(home => folder = RealHome.CopyTo(Path.Combine(home, "runtimes", Copy), Copy));
        await using var page = await ChatUnderTest.OpenAsync(serve.Url, "/runtimes");
        var card = CardOf(page, Copy);
        await Expect(card).ToHaveAttributeAsync("data-state", "usable", new() { Timeout = 60_000 });

        var library = Directory.GetFiles(folder, "libllama.v*").Single();
        var target = new FileInfo(library).LinkTarget!;
        File.Delete(library);
        await SurveyAsync(page, card, "unusable");
        await Expect(card).ToContainTextAsync("The runtime has no llama library.");
        await Expect(card).ToContainTextAsync("Select or install another runtime");

        File.CreateSymbolicLink(library, target);
        await SurveyAsync(page, card, "usable");
    }

    [Fact]
    public async Task A_published_runtime_is_installed_selected_updated_and_rolled_back_from_the_page()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Directory.Exists(RealHome.BundledFolder), "the packages are those of Linux");
        const string older = "llama.cpp@0.5.0+3.22.0-cpu";
        await using var serve = await ServeUnderTest.StartAsync();
        await using var page = await ChatUnderTest.OpenAsync(serve.Url, "/runtimes");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Get a runtime" }).ClickAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = $"Get: {older}", Exact = true }).ClickAsync();
        var card = CardOf(page, older);
        await Expect(card).ToHaveAttributeAsync("data-state", "usable", new() { Timeout = 120_000 });
        await PressAsync(page, card, "Select");
        await Expect(card.GetByText("selected", new() { Exact = true })).ToBeVisibleAsync();
        Assert.Equal(older, await RuntimeOfAnswerAsync(serve));

        await PressAsync(page, card, "Update");
        var newer = CardOf(page, RealHome.Bundled);
        await Expect(newer.GetByText("selected", new() { Exact = true })).ToBeVisibleAsync(new() { Timeout = 120_000 });
        await PressAsync(page, newer, "Rollback");
        await Expect(card.GetByText("selected", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(newer.GetByText("selected", new() { Exact = true })).ToBeHiddenAsync();
    }

    internal static ILocator CardOf(ChatUnderTest page, string id) => page.Page.GetByRole(AriaRole.Article, new() { Name = id, Exact = true });

    private static async Task<string?> RuntimeOfAnswerAsync(ServeUnderTest serve)
    {
        await serve.PostAsync("/api/v0/chat/completions", new { model = "tandem/storyteller", max_tokens = 2, messages = new[] { new { role = "user", content = "Hi" } } });
        return Assert.Single((await serve.GetAsync("/api/tandem/workers")).GetProperty("workers").EnumerateArray()).GetProperty("runtime").GetString();
    }

    /// <summary>The check is held up on its way until the page has said that it goes on.</summary>
    private static async Task SurveyAsync(ChatUnderTest page, ILocator card, string result)
    {
        var seen = new TaskCompletionSource();
        await page.Page.RouteAsync("**/survey", async route =>
        {
            await seen.Task;
            await route.ContinueAsync();
        });
        await PressAsync(page, card, "Survey");
        await Expect(card).ToHaveAttributeAsync("data-state", "checking");
        await Expect(card.GetByText("checking")).ToBeVisibleAsync();
        seen.SetResult();
        await Expect(card).ToHaveAttributeAsync("data-state", result, new() { Timeout = 60_000 });
        await page.Page.UnrouteAllAsync();
    }

    private static async Task PressAsync(ChatUnderTest page, ILocator card, string action)
    {
        var id = await card.GetAttributeAsync("aria-label");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = $"{action}: {id}", Exact = true }).ClickAsync();
    }
}
