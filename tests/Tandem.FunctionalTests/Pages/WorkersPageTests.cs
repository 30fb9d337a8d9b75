using System.Globalization;
using System.Text.RegularExpressions;
using FakeEngine.Scripts;
using Microsoft.Playwright;
using Tandem.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace Tandem.FunctionalTests.Pages;

[Trait("Tier", "Functional")]
public sealed partial class WorkersPageTests
{
    private const string Model = "tandem/storyteller";

    [Fact]
    public async Task A_worker_started_from_the_page_answers_is_restarted_and_stopped_and_its_process_is_gone()
    {
        await using var serve = await ServeUnderTest.StartAsync();
        await using var page = await ChatUnderTest.OpenAsync(serve.Url, "/workers");
        await page.ChooseAsync("Model", Model);
        await page.ChooseAsync("Draft", "tandem/storyteller-draft");
        await page.ChooseAsync("Runtime", RealHome.Bundled);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Load", Exact = true }).ClickAsync();
        var card = page.Page.GetByRole(AriaRole.Article, new() { Name = Model, Exact = true });
        await Expect(card).ToHaveAttributeAsync("data-state", "ready", new() { Timeout = 60_000 });
        var first = await PidAsync(card);
        Assert.True(Living(first));

        await serve.PostAsync("/v1/chat/completions", new { model = Model, messages = new[] { new { role = "user", content = "Tell me a story about a fox." } } });
        // Everything that the answer changes comes by events.
        await Expect(card).ToContainTextAsync("1 answer ");
        await Expect(card).ToContainTextAsync("tok/s");
        await Expect(card.GetByRole(AriaRole.Img, new() { Name = "Acceptance over time" })).ToBeVisibleAsync();

        await page.Page.GetByRole(AriaRole.Button, new() { Name = $"Restart (unload, load): {Model}" }).ClickAsync();
        await Until.TrueAsync(() => !Living(first));
        // The page shows what was a moment ago: only another process is the new one.
        await Expect(card).ToContainTextAsync(Process());
        await Expect(card).Not.ToContainTextAsync($"process {first}", new() { Timeout = 60_000 });
        await Expect(card).ToHaveAttributeAsync("data-state", "ready", new() { Timeout = 60_000 });
        var second = await PidAsync(card);
        Assert.NotEqual(first, second);

        await page.Page.GetByRole(AriaRole.Button, new() { Name = $"Unload: {Model}" }).ClickAsync();
        await Expect(card).ToHaveCountAsync(0, new() { Timeout = 60_000 });
        Assert.False(Living(second));
    }

    [Fact]
    public async Task A_crashed_worker_shows_its_cause_and_counts_down_to_the_next_try()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "ends by a signal");
        var script = new FakeScript { Faults = new FakeFaults { Stream = new FakeFault { Signal = 6, AfterTokens = 1, Message = "GGML_ASSERT(n_tokens > 0) failed" } } };
        await using var host = await HostUnderTest.StartAsync(("main", script));
        await using var page = await ChatUnderTest.OpenAsync(host.Host.Url, "/workers");
        await Expect(page.Page.GetByText("No model is loaded")).ToBeVisibleAsync();
        await host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("test/main"));
        var card = page.Page.GetByRole(AriaRole.Article, new() { Name = "test/main", Exact = true });
        await Expect(card).ToHaveAttributeAsync("data-state", "faulted");
        await Expect(card.GetByRole(AriaRole.Status)).ToContainTextAsync("SIGABRT");
        await Expect(card).ToContainTextAsync(NextTry());
        var shown = Seconds(await card.InnerTextAsync());
        Assert.InRange(shown, 1, 300);
        await Until.TrueAsync(async () => Seconds(await card.InnerTextAsync()) < shown);
    }

    [Fact]
    public async Task Everything_is_done_by_keyboard_alone()
    {
        await using var serve = await ServeUnderTest.StartAsync();
        await using var page = await ChatUnderTest.OpenAsync(serve.Url);
        var keyboard = page.Page.Keyboard;
        await Expect(page.Input).ToBeFocusedAsync();
        await keyboard.PressAsync("Control+Shift+R");
        await Expect(page.Page.GetByRole(AriaRole.Heading, new() { Name = "Runtimes", Level = 1 })).ToBeVisibleAsync();
        var survey = page.Page.GetByRole(AriaRole.Button, new() { Name = $"Survey: {RealHome.Bundled}" });
        await page.TabToAsync(survey);
        await page.Page.RunAndWaitForResponseAsync(() => keyboard.PressAsync("Enter"), response => response.Url.EndsWith("/survey", StringComparison.Ordinal) && response.Ok);

        await keyboard.PressAsync("Control+k");
        await Expect(page.Page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        await keyboard.TypeAsync("workers");
        await keyboard.PressAsync("ArrowDown");
        await keyboard.PressAsync("Enter");
        await Expect(page.Page.GetByRole(AriaRole.Heading, new() { Name = "Workers", Level = 1 })).ToBeVisibleAsync();
        await page.TabToAsync(page.Page.GetByRole(AriaRole.Combobox, new() { Name = "Model", Exact = true }));
        await keyboard.TypeAsync("storyteller-draft");
        await keyboard.PressAsync("ArrowDown");
        await keyboard.PressAsync("Enter");
        await page.TabToAsync(page.Page.GetByRole(AriaRole.Button, new() { Name = "Load", Exact = true }));
        await keyboard.PressAsync("Enter");
        var card = page.Page.GetByRole(AriaRole.Article, new() { Name = "tandem/storyteller-draft", Exact = true });
        await Expect(card).ToHaveAttributeAsync("data-state", "ready", new() { Timeout = 60_000 });
        await page.TabToAsync(page.Page.GetByRole(AriaRole.Button, new() { Name = "Unload: tandem/storyteller-draft" }));
        await keyboard.PressAsync("Enter");
        await Expect(card).ToHaveCountAsync(0, new() { Timeout = 60_000 });
    }

    private static bool Living(int pid) => !OperatingSystem.IsLinux() || CommandUnderTest.IsAlive(pid);

    private static async Task<int> PidAsync(ILocator card) =>
        int.Parse(Process().Match(await card.InnerTextAsync()).Groups[1].Value, CultureInfo.InvariantCulture);

    private static int Seconds(string text) => int.Parse(NextTry().Match(text).Groups[1].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"process (\d+)")]
    private static partial Regex Process();

    [GeneratedRegex(@"Next try in (\d+) s")]
    private static partial Regex NextTry();
}
