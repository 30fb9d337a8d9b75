using System.Diagnostics;
using System.Globalization;
using Microsoft.Playwright;
using Tandem.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace Tandem.FunctionalTests.Pages;

[Trait("Tier", "Functional")]
public sealed class ChatPageTests
{
    private const string Story = "Tell me a story about a fox.";

    [Fact]
    public async Task A_first_start_answers_at_once_and_a_reload_restores_everything()
    {
        await using var serve = await ServeUnderTest.StartAsync();
        await using var chat = await ChatUnderTest.OpenAsync(serve.Url);
        await chat.Page.GetByRole(AriaRole.Button, new() { Name = Story }).ClickAsync();
        await chat.AnsweredAsync();
        await chat.Page.GetByLabel("System prompt").FillAsync("Be brief.");
        var answer = await chat.LastAnswer.InnerTextAsync();
        Assert.Contains("accepted", answer, StringComparison.Ordinal);
        await Expect(chat.Page.GetByRole(AriaRole.Link, new() { Name = Story })).ToBeVisibleAsync();
        await Until.TrueAsync(async () => (await chat.StoredAsync()).GetProperty("settings").TryGetProperty("system", out _));

        await chat.Page.ReloadAsync();
        await chat.AnsweredAsync();
        Assert.Equal(answer, await chat.LastAnswer.InnerTextAsync());
        await Expect(chat.Page.GetByLabel("System prompt")).ToHaveValueAsync("Be brief.");
        Assert.Contains(Story, await chat.Page.TitleAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_chat_stays_untitled_after_stop_error_or_reload()
    {
        await using var serve = await ServeUnderTest.StartAsync();
        await using var chat = await ChatUnderTest.OpenAsync(serve.Url);
        await chat.SendAsync(Story);
        await chat.Input.PressAsync("Escape");
        await chat.AnsweredAsync();
        await chat.Page.ReloadAsync();
        await Expect(chat.Page.GetByRole(AriaRole.Link, new() { Name = Story })).ToBeVisibleAsync();

        await chat.GoToAsync("/");
        await chat.Page.GetByLabel("Shortest draft").FillAsync("9");
        await chat.Page.GetByLabel("Probability cutoff").FillAsync("0.5");
        await chat.Page.GetByLabel("Top P").FillAsync("0");
        await chat.SendAsync("Another question");
        await chat.AnsweredAsync();
        await Expect(chat.Page.GetByRole(AriaRole.Link, new() { Name = "Another question" })).ToBeVisibleAsync();
        await Expect(chat.Page.GetByRole(AriaRole.Link, new() { Name = "Untitled" })).ToHaveCountAsync(0);

        await chat.Page.GetByLabel("Name chats automatically").ClickAsync();
        await Expect(chat.Page.GetByRole(AriaRole.Link, new() { Name = "Untitled" })).ToHaveCountAsync(2);
    }

    [Fact]
    public async Task A_chat_that_has_grown_too_long_goes_on_without_its_middle_and_says_so()
    {
        await using var serve = await ServeUnderTest.StartAsync();
        await serve.PutAsync("/api/tandem/models/tandem/storyteller/defaults", new { load = new { context_length = 256 } });
        await using var chat = await ChatUnderTest.OpenAsync(serve.Url);
        await chat.Page.GetByLabel("Longest answer").FillAsync("40");
        await chat.AskAsync(Story);
        await Expect(chat.LastAnswer).Not.ToContainTextAsync("left out");
        await chat.AskAsync(string.Concat(Enumerable.Repeat("The fox went to the river and saw a hen. ", 60)) + Story);
        await Expect(chat.LastAnswer.GetByTestId("stats")).ToContainTextAsync("did not fit and were left out");
        Assert.NotEqual("", await chat.LastAnswer.GetByTestId("answer").InnerTextAsync());
        await Expect(chat.LastAnswer.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_draft_changed_in_the_middle_of_an_answer_harms_nothing()
    {
        await using var serve = await ServeUnderTest.StartAsync();
        await using var chat = await ChatUnderTest.OpenAsync(serve.Url);
        await chat.SendAsync(Story);
        await Expect(chat.LastAnswer).ToBeVisibleAsync();
        await ChooseDraftAsync(chat, "Off");
        await chat.AnsweredAsync();
        await Expect(chat.LastAnswer.GetByTestId("stats")).ToContainTextAsync("draft: tandem/storyteller-draft");
        var (with, _, _, _) = await ChatUnderTest.ColoursAsync(chat.LastAnswer);

        await ChatUnderTest.PressToolAsync(chat.LastAnswer, "Answer again");
        await chat.AnsweredAsync();
        await Expect(chat.LastAnswer.GetByTestId("stats")).Not.ToContainTextAsync("draft:");
        var (without, coloured, _, _) = await ChatUnderTest.ColoursAsync(chat.LastAnswer);
        Assert.Empty(coloured);
        // Temperature 0: the draft changes how fast, never what.
        Assert.Equal(with, without);
    }

    [Fact]
    public async Task A_draft_of_another_engine_is_refused_in_words()
    {
        await using var serve = await ServeUnderTest.StartAsync();
        using var pairs = await serve.Client.GetAsync(serve.Url + "/api/tandem/pairs?main=tandem/storyteller");
        Assert.SkipUnless(pairs.IsSuccessStatusCode, "this host has no index of pairs");
        await using var chat = await ChatUnderTest.OpenAsync(serve.Url);
        await chat.Speculation.GetByRole(AriaRole.Button, new() { Name = "do not fit" }).ClickAsync();
        var reason = chat.Speculation.GetByText("tandem/storyteller-draft-mlx").Locator("..");
        await Expect(reason).ToContainTextAsync("mlx", new() { IgnoreCase = true });
        await Expect(reason).ToContainTextAsync("llama.cpp", new() { IgnoreCase = true });

        // A chat that was stored with such a draft says so, and the question is refused with the same reason.
        await chat.AskAsync("Hello");
        var address = new Uri(chat.Page.Url).AbsolutePath;
        using var stored = await serve.Client.PutAsync(serve.Url + "/api/tandem" + address, new StringContent(
            """{"settings": {"model": "tandem/storyteller", "draft": "tandem/storyteller-draft-mlx"}}""", null, "application/json"));
        Assert.True(stored.IsSuccessStatusCode);
        await chat.Page.ReloadAsync();
        await Expect(chat.Speculation).ToContainTextAsync("tandem/storyteller-draft-mlx can no longer draft for tandem/storyteller");
        await chat.AskAsync("Hello again");
        await Expect(chat.LastAnswer.GetByRole(AriaRole.Alert)).ToContainTextAsync("engine");
    }

    [Fact]
    public async Task A_worker_killed_by_hand_shows_its_cause_at_once_and_the_chat_goes_on()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "finds the worker by /proc");
        await using var serve = await ServeUnderTest.StartAsync();
        await using var chat = await ChatUnderTest.OpenAsync(serve.Url);
        await chat.AskAsync("Hello");
        // An answer that goes on for long enough to be interrupted: it does not end by itself, and slowly.
        await serve.PutAsync("/api/tandem/models/tandem%2Fstoryteller/defaults", new { sampling = new { ignore_eos = true } });
        await chat.Page.GetByLabel("Longest answer (tokens)").FillAsync("3000");
        await chat.Page.GetByLabel("Repetition penalty").FillAsync("2");
        await chat.Page.GetByRole(AriaRole.Slider, new() { Name = "Temperature" }).PressAsync("End");
        await chat.SendAsync(Story);
        await Expect(chat.LastAnswer.GetByTestId("answer")).Not.ToBeEmptyAsync();
        var worker = Assert.Single(CommandUnderTest.ChildrenOf(serve.Pid));
        var killed = Stopwatch.GetTimestamp();
        Assert.Equal(0, Signals.Send(worker, 9));
        await serve.PutAsync("/api/tandem/models/tandem%2Fstoryteller/defaults", new { sampling = new { ignore_eos = (bool?)null } });
        await Expect(chat.LastAnswer.GetByRole(AriaRole.Alert)).ToContainTextAsync("SIGKILL", new() { Timeout = 20_000 });
        TestContext.Current.SendDiagnosticMessage(string.Create(CultureInfo.InvariantCulture, $"cause shown after {Stopwatch.GetElapsedTime(killed).TotalSeconds:F2} s"));
        await chat.AskAsync("Hello");
        await Expect(chat.LastAnswer.GetByTestId("stats")).ToContainTextAsync("tok/s");
    }

    [Fact]
    public async Task The_page_finds_the_host_again_after_a_restart()
    {
        await using var serve = await ServeUnderTest.StartAsync();
        await using var chat = await ChatUnderTest.OpenAsync(serve.Url);
        await chat.AskAsync("Hello");
        await serve.StopAsync();
        await Expect(chat.Page.GetByText("Tandem is not reachable")).ToBeVisibleAsync();
        await chat.AskAsync("Are you there?");
        await Expect(chat.LastAnswer.GetByRole(AriaRole.Alert)).ToContainTextAsync("connection");
        await serve.StartAgainAsync();
        await Expect(chat.Page.GetByText("Tandem is not reachable")).ToBeHiddenAsync();
        await ChatUnderTest.PressToolAsync(chat.LastAnswer, "Answer again");
        await chat.AnsweredAsync();
        await Expect(chat.LastAnswer.GetByTestId("stats")).ToContainTextAsync("tok/s");
        // What was written meanwhile has been stored.
        await Until.TrueAsync(async () => (await chat.StoredAsync()).GetProperty("items").GetArrayLength() == 5);
    }

    [Fact]
    public async Task Everything_in_a_chat_works_by_keyboard()
    {
        await using var serve = await ServeUnderTest.StartAsync();
        await using var chat = await ChatUnderTest.OpenAsync(serve.Url);
        var keyboard = chat.Page.Keyboard;
        await Expect(chat.Input).ToBeFocusedAsync();
        await keyboard.TypeAsync("Hello");
        await keyboard.PressAsync("Enter");
        await chat.AnsweredAsync();

        await keyboard.PressAsync("Control+k");
        await Expect(chat.Page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        await keyboard.TypeAsync("storyteller-draft");
        await keyboard.PressAsync("Enter");
        await Expect(chat.Page.GetByRole(AriaRole.Button, new() { Name = "Model: tandem/storyteller-draft" }).First).ToBeVisibleAsync();

        await keyboard.PressAsync("Control+l");
        await keyboard.TypeAsync("storyteller");
        await keyboard.PressAsync("Enter");
        await Expect(chat.Page.GetByRole(AriaRole.Button, new() { Name = "Model: tandem/storyteller", Exact = true })).ToBeVisibleAsync();
        await Expect(chat.Input).ToBeFocusedAsync();

        await keyboard.PressAsync("Control+k");
        await keyboard.PressAsync("Escape");
        await Expect(chat.Input).ToBeFocusedAsync();
        await keyboard.PressAsync("Control+k");
        await keyboard.TypeAsync("models");
        await keyboard.PressAsync("ArrowDown");
        await keyboard.PressAsync("Enter");
        await Expect(chat.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToBeVisibleAsync();
        await keyboard.PressAsync("Control+Shift+o");
        await Expect(chat.Input).ToBeFocusedAsync();
    }

    [Theory]
    [InlineData("l", "Search models")]
    [InlineData("k", "Go to or do…")]
    public async Task A_shortcut_that_opens_a_search_has_the_focus_there_before_the_next_key_comes(string key, string field)
    {
        await using var serve = await ServeUnderTest.StartAsync();
        await using var chat = await ChatUnderTest.OpenAsync(serve.Url);
        await Expect(chat.Input).ToBeFocusedAsync();
        var focused = await chat.Page.EvaluateAsync<string?>("""
            key => {
              document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, code: `Key${key.toUpperCase()}`, ctrlKey: true, bubbles: true, cancelable: true }));
              return document.activeElement?.getAttribute('aria-label');
            }
            """, key);
        Assert.Equal(field, focused);
        await chat.Page.Keyboard.TypeAsync("storyteller");
        await Expect(chat.Page.GetByRole(AriaRole.Textbox, new() { Name = field })).ToHaveValueAsync("storyteller");
        await Expect(chat.Input).ToHaveValueAsync("");
    }

    private static async Task ChooseDraftAsync(ChatUnderTest chat, string name)
    {
        await chat.Speculation.GetByRole(AriaRole.Button, new() { Name = "Draft model" }).ClickAsync();
        await chat.Page.GetByRole(AriaRole.Option, new() { Name = name, Exact = true }).ClickAsync();
    }
}
