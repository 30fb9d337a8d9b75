using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Tandem.FunctionalTests.Pages;

[Trait("Tier", "Functional")]
public sealed class BenchmarkPageTests
{
    [Fact]
    public async Task A_benchmark_of_the_embedded_pair_ends_with_its_advice_and_is_kept()
    {
        await using var serve = await ServeUnderTest.StartAsync();
        await using var page = await ChatUnderTest.OpenAsync(serve.Url, "/benchmark");
        await page.ChooseAsync("Model", "tandem/storyteller");
        await Expect(page.Page.GetByText("This model has not been measured yet.")).ToBeVisibleAsync();
        await page.ChooseAsync("Drafts", "tandem/storyteller-draft");
        await page.Page.Keyboard.PressAsync("Escape");
        await page.Page.GetByLabel("Your own prompts, one per line").FillAsync("Tell me a story about a fox.\nWrite quicksort in Python. Code only.");
        await page.Page.GetByLabel("Rounds").FillAsync("1");
        await page.Page.GetByLabel("Tokens per answer").FillAsync("48");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Run bench" }).ClickAsync();

        var report = page.Page.GetByRole(AriaRole.Article, new() { Name = "Benchmark" });
        await Expect(report).ToBeVisibleAsync(new() { Timeout = 120_000 });
        var advice = report.GetByTestId("advice").Filter(new() { HasText = "tandem/storyteller-draft" });
        await Expect(advice).ToBeVisibleAsync();
        TestContext.Current.SendDiagnosticMessage(await advice.InnerTextAsync());
        var all = report.GetByRole(AriaRole.Group, new() { Name = "All prompts" });
        foreach (var way in new[] { "without a draft", "tandem/storyteller-draft", "repeated text" })
            await Expect(all.GetByRole(AriaRole.Rowheader, new() { Name = way, Exact = true })).ToBeVisibleAsync();
        await Expect(all.GetByRole(AriaRole.Row, new() { Name = "tandem/storyteller-draft" })).ToContainTextAsync("%");
        var positions = report.GetByRole(AriaRole.Group, new() { Name = "Accepted by position" }).GetByRole(AriaRole.List, new() { Name = "tandem/storyteller-draft" });
        await Expect(positions.GetByRole(AriaRole.Listitem).First).ToContainTextAsync("%");
        await report.GetByRole(AriaRole.Button, new() { Name = "Prompt by prompt" }).ClickAsync();
        var one = report.GetByRole(AriaRole.Group, new() { Name = "Write quicksort in Python. Code only." });
        await Expect(one.GetByRole(AriaRole.Row, new() { Name = "tandem/storyteller-draft" })).ToContainTextAsync("×");
        Assert.Equal(await all.GetByRole(AriaRole.Rowheader).CountAsync(), await all.Locator(".bar").CountAsync());

        await page.Page.ReloadAsync();
        await page.ChooseAsync("Model", "tandem/storyteller");
        await Expect(report.GetByTestId("advice").First).ToBeVisibleAsync();
    }
}
