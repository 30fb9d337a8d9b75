using System.Text.Json;
using Microsoft.Playwright;
using Tandem.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace Tandem.FunctionalTests.Pages;

/// <summary>What is coloured is what was accepted, whatever is done with the answer.</summary>
[Trait("Tier", "Functional")]
public sealed class ColourTests
{
    private const string Quicksort = "Write quicksort in Python. Code only.";

    [Fact]
    public async Task The_coloured_share_equals_the_statistics()
    {
        await using var serve = await ServeUnderTest.StartAsync();
        await using var chat = await ChatUnderTest.OpenAsync(serve.Url);
        await chat.AskAsync(Quicksort);
        var share = await AssertColoursEqualFiguresAsync(chat, chat.LastAnswer);
        Assert.InRange(share, 0.3, 1);

        // And the colours are those of the API: same model, same question, temperature 0.
        var answer = await serve.PostAsync("/v1/chat/completions", new
        {
            model = "tandem/storyteller",
            messages = new[] { new { role = "user", content = Quicksort } },
            stream_options = new { include_draft_origin = true },
        });
        var message = answer.GetProperty("choices")[0].GetProperty("message");
        Assert.Equal(
            Plain(DraftedText(message.GetProperty("content").GetString()!, message.GetProperty("origin"))),
            Plain((await ChatUnderTest.ColoursAsync(chat.LastAnswer)).Coloured));
    }

    [Fact]
    public async Task Continue_regenerate_edit_branch_and_reload_keep_the_colours()
    {
        await using var serve = await ServeUnderTest.StartAsync();
        await using var chat = await ChatUnderTest.OpenAsync(serve.Url);
        await chat.Page.GetByLabel("Longest answer (tokens)").FillAsync("40");
        await chat.AskAsync("Tell me a story about a fox.");
        var (first, _, _, _) = await ChatUnderTest.ColoursAsync(chat.LastAnswer);
        var (_, _, total) = await ChatUnderTest.FiguresAsync(chat.LastAnswer);

        await ChatUnderTest.PressToolAsync(chat.LastAnswer, "Continue");
        await chat.AnsweredAsync();
        await AssertColoursEqualFiguresAsync(chat, chat.LastAnswer);
        var (longer, _, _, _) = await ChatUnderTest.ColoursAsync(chat.LastAnswer);
        Assert.StartsWith(first.TrimEnd(), longer, StringComparison.Ordinal);
        Assert.True(longer.Length > first.Length);
        Assert.True((await ChatUnderTest.FiguresAsync(chat.LastAnswer)).Total > total, "figures add up over a continuation");

        await ChatUnderTest.PressToolAsync(chat.LastAnswer, "Answer again");
        await chat.AnsweredAsync();
        await AssertColoursEqualFiguresAsync(chat, chat.LastAnswer);
        await Expect(chat.LastAnswer.GetByText("2 of 2")).ToBeVisibleAsync();
        await ChatUnderTest.PressToolAsync(chat.LastAnswer, "Previous version");
        Assert.Equal(longer, (await ChatUnderTest.ColoursAsync(chat.LastAnswer)).All);
        var colours = await ChatUnderTest.ColoursAsync(chat.LastAnswer);

        await chat.Page.ReloadAsync();
        await chat.AnsweredAsync();
        Assert.Equal(colours, await ChatUnderTest.ColoursAsync(chat.LastAnswer));

        var address = chat.Page.Url;
        await ChatUnderTest.PressToolAsync(chat.LastAnswer, "Branch into a new chat");
        await chat.Page.WaitForURLAsync(url => url != address && url.Contains("/chats/", StringComparison.Ordinal));
        await chat.AnsweredAsync();
        Assert.Equal(colours, await ChatUnderTest.ColoursAsync(chat.LastAnswer));

        await ChatUnderTest.PressToolAsync(chat.Page.Locator("article[data-role=user]").Last, "Edit");
        await chat.Page.GetByRole(AriaRole.Textbox, new() { Name = "Edit" }).FillAsync("Tell me a story about a bear.");
        await chat.Page.GetByRole(AriaRole.Button, new() { Name = "Save and ask again" }).ClickAsync();
        await chat.AnsweredAsync();
        await AssertColoursEqualFiguresAsync(chat, chat.LastAnswer);
    }

    [Fact]
    public async Task The_toggle_takes_the_colours_off_and_is_remembered()
    {
        await using var serve = await ServeUnderTest.StartAsync();
        await using var chat = await ChatUnderTest.OpenAsync(serve.Url);
        await chat.AskAsync(Quicksort);
        Assert.NotEmpty((await ChatUnderTest.ColoursAsync(chat.LastAnswer)).Coloured);
        await chat.Page.GetByLabel("Visualise accepted draft tokens").ClickAsync();
        Assert.Empty((await ChatUnderTest.ColoursAsync(chat.LastAnswer)).Coloured);

        // In another browser too: the host keeps it.
        await using var other = await ChatUnderTest.OpenAsync(serve.Url, new Uri(chat.Page.Url).AbsolutePath);
        await Expect(other.Page.GetByLabel("Visualise accepted draft tokens")).Not.ToBeCheckedAsync();
        Assert.Empty((await ChatUnderTest.ColoursAsync(other.LastAnswer)).Coloured);
    }

    /// <summary>Tokens that the page colours, by the origin it stored, are the tokens that its figures call accepted; and all of their text is coloured.</summary>
    /// <returns>Share of the text that is coloured.</returns>
    private static async Task<double> AssertColoursEqualFiguresAsync(ChatUnderTest chat, ILocator answer)
    {
        var (all, coloured, _, _) = await ChatUnderTest.ColoursAsync(answer);
        var (_, accepted, _) = await ChatUnderTest.FiguresAsync(answer);
        var stored = await StoredAnswerAsync(chat, accepted);
        var origin = stored.GetProperty("meta").GetProperty("origin");
        Assert.Equal(accepted, origin.EnumerateArray().Where(run => run.GetProperty("from").GetString() != "main").Sum(run => run.GetProperty("tokens").GetInt32()));
        // White space at the ends of blocks is not shown.
        var content = stored.GetProperty("content").GetString()!;
        Assert.Equal(Plain(DraftedText(content, origin)), Plain(coloured));
        return (double)coloured.Length / all.Length;
    }

    private static async Task<JsonElement> StoredAnswerAsync(ChatUnderTest chat, int accepted)
    {
        JsonElement? found = null;
        await Until.TrueAsync(async () =>
        {
            var items = (await chat.StoredAsync()).GetProperty("items").EnumerateArray();
            found = items.LastOrDefault(item => item.GetProperty("role").GetString() == "assistant"
                && item.GetProperty("meta").TryGetProperty("stats", out var stats) && stats.GetProperty("accepted_draft_tokens_count").GetInt32() == accepted);
            return found is { ValueKind: JsonValueKind.Object };
        });
        return found!.Value;
    }

    /// <summary>What the page colours: the drafted characters, but for the fences of code, which it does not show.</summary>
    private static string DraftedText(string content, JsonElement origin)
    {
        var text = new System.Text.StringBuilder();
        var at = 0;
        foreach (var run in origin.EnumerateArray())
        {
            for (var end = at + run.GetProperty("chars").GetInt32(); at < end; at++)
            {
                if (run.GetProperty("from").GetString() != "main" && !IsFence(content, at))
                    text.Append(content[at]);
            }
        }

        return text.ToString();
    }

    private static bool IsFence(string content, int at) =>
        content.AsSpan(content.LastIndexOf('\n', Math.Max(0, at - 1)) + 1).StartsWith("```", StringComparison.Ordinal);

    private static string Plain(string text) => string.Concat(text.Where(c => !char.IsWhiteSpace(c)));
}
