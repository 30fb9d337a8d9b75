using FakeEngine.Scripts;
using Microsoft.Playwright;
using Tandem.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace Tandem.FunctionalTests.Pages;

/// <summary>Whatever a model writes, the page shows it and does nothing else.</summary>
[Trait("Tier", "Functional")]
public sealed class HostileTextTests
{
    public static TheoryData<string, string> Texts => new()
    {
        { "markup", "<script>window.broken = 1</script><img src=x onerror=\"window.broken = 1\"><iframe src=\"javascript:window.broken=1\"></iframe><b>bold</b>" },
        { "links", "[a](javascript:window.broken=1) [b](data:text/html,x) ![c](http://elsewhere.invalid/pixel.png) <http://elsewhere.invalid/> [d]: javascript:1" },
        { "a huge line", new string('x', 150_000) + " " + string.Concat(Enumerable.Repeat("word ", 30_000)) },
        { "deep nesting", new string('>', 20_000) + "\n" + new string('[', 20_000) + "\n" + string.Concat(Enumerable.Repeat("- ", 5_000)) + "\n" + string.Concat(Enumerable.Repeat("*a _b ", 5_000)) },
        { "broken Markdown", "```python\nprint(1)\n\n| a | b\n|--\n**open *mixed` $$\\frac{1 [x](y\n\n~~~\n<!-- " },
        { "strange characters", "a‮b\0c￾\ud83d\ud83d\ude00 Z͑ͫ̓\u200b\u2028\u2029" },
        { "formulas", "$$\\def\\x{\\x\\x}\\x$$\n\n$$\\href{javascript:window.broken=1}{x}$$\n\n$$\\includegraphics{http://elsewhere.invalid/a.png}$$\n\n\\(x^2\\)" },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public async Task It_is_harmless(string what, string text)
    {
        var script = new FakeScript { ContextLength = 1_000_000, Answers = [new FakeAnswer { Steps = [.. text.Chunk(997).Select(part => new List<FakeToken> { new string(part), FakeToken.FromDraft("~") })] }] };
        await using var host = await HostUnderTest.StartAsync(("main", script), ("other", new FakeScript { ParameterCount = 10 }));
        // Room for what is asked after it, too.
        await host.PutAsync("/api/tandem/models/test%2Fmain/defaults", """{"load": {"context_length": 1000000}}""");
        await using var chat = await ChatUnderTest.OpenAsync(host.Host.Url);
        await chat.Page.GetByRole(AriaRole.Button, new() { Name = "Model: test/main" }).WaitForAsync();
        await chat.AskAsync($"Show {what}.");
        await Expect(chat.LastAnswer.GetByTestId("stats")).ToBeVisibleAsync();
        Assert.False(await chat.Page.EvaluateAsync<bool>("'broken' in window"));
        Assert.Equal(0, await chat.LastAnswer.Locator("script, iframe, img, object, embed, form").CountAsync());
        Assert.Equal(0, await chat.LastAnswer.Locator("a:not([href^='http']):not([href^='mailto:'])").CountAsync());
        // Nothing sticks out of the page.
        Assert.True(await chat.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"));
        // And the chat goes on.
        await chat.AskAsync("Again.");
        await Expect(chat.LastAnswer.GetByTestId("stats")).ToBeVisibleAsync();
    }
}
