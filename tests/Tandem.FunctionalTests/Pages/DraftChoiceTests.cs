using FakeEngine.Scripts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Tandem.Host.Models;
using Tandem.Host.Pairs;
using Tandem.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace Tandem.FunctionalTests.Pages;

[Trait("Tier", "Functional")]
public sealed class DraftChoiceTests
{
    private const string Model = "tandem/storyteller";
    private const string Draft = "tandem/storyteller-draft";

    [Fact]
    public async Task A_default_draft_set_in_Models_is_used_by_chat_and_API()
    {
        await using var serve = await ServeUnderTest.StartAsync();
        await using var chat = await ChatUnderTest.OpenAsync(serve.Url, "/models");
        await SetDefaultAsync(chat, "None");
        Assert.Null(await DraftOfApiAsync(serve));
        await chat.GoToAsync("/");
        await chat.AskAsync("Tell me a story about a fox.");
        await Expect(chat.LastAnswer.GetByTestId("stats")).Not.ToContainTextAsync("draft:");

        await chat.GoToAsync("/models");
        await SetDefaultAsync(chat, Draft);
        Assert.Equal(Draft, await DraftOfApiAsync(serve));
        await chat.GoToAsync("/");
        await Expect(chat.Speculation.GetByRole(AriaRole.Button, new() { Name = "Draft model" })).ToContainTextAsync(Draft);
        await chat.AskAsync("Tell me a story about a fox.");
        await Expect(chat.LastAnswer.GetByTestId("stats")).ToContainTextAsync($"draft: {Draft}");
    }

    [Fact]
    public async Task Identifying_is_shown_while_the_index_is_held_back_and_goes_by_itself()
    {
        await using var host = await HostUnderTest.StartAsync(("main", new FakeScript { ParameterCount = 100 }), ("small", new FakeScript { ParameterCount = 10 }));
        await host.IndexedAsync();
        using var gate = new ManualResetEventSlim();
        // The catalogue's loop stands still here, so the index that is asked for is not through.
        host.Host.Services.GetRequiredService<ModelCatalogue>().Published += _ => gate.Wait(FakeHome.Bound);
        var refresh = host.Host.Services.GetRequiredService<PairIndex>().RefreshAsync(TestContext.Current.CancellationToken);
        try
        {
            await using var chat = await ChatUnderTest.OpenAsync(host.Host.Url);
            await Expect(chat.Page.GetByRole(AriaRole.Button, new() { Name = "Model: test/main" })).ToBeVisibleAsync();
            await Expect(chat.Speculation.GetByRole(AriaRole.Status)).ToContainTextAsync("Finding out which models can draft for test/main");
            gate.Set();
            await refresh;
            await Expect(chat.Speculation.GetByRole(AriaRole.Status)).ToHaveCountAsync(0, new() { Timeout = 20_000 });
            await chat.Speculation.GetByRole(AriaRole.Button, new() { Name = "Draft model" }).ClickAsync();
            await Expect(chat.Page.GetByRole(AriaRole.Option, new() { Name = "test/small" })).ToBeVisibleAsync();
        }
        finally
        {
            gate.Set();
            await refresh;
        }
    }

    private static async Task SetDefaultAsync(ChatUnderTest chat, string draft)
    {
        await chat.Page.GetByRole(AriaRole.Button, new() { Name = $"Defaults: {Model}", Exact = true }).ClickAsync();
        await chat.ChooseAsync("Default draft", draft);
        await chat.Page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await Expect(chat.Page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
    }

    private static async Task<string?> DraftOfApiAsync(ServeUnderTest serve)
    {
        var answer = await serve.PostAsync("/v1/chat/completions", new { model = Model, max_tokens = 20, messages = new[] { new { role = "user", content = "Tell me a story." } } });
        return answer.GetProperty("stats").TryGetProperty("draft_model", out var draft) ? draft.GetString() : null;
    }
}
