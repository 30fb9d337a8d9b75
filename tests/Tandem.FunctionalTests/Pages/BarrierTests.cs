using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Tandem.FunctionalTests.Pages;

[Trait("Tier", "Functional")]
public sealed class BarrierTests
{
    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task No_page_has_a_serious_barrier(ColorScheme scheme)
    {
        await using var serve = await ServeUnderTest.StartAsync();
        await using var chat = await ChatUnderTest.OpenAsync(serve.Url, "/", new PageOptions(Scheme: scheme));
        await chat.AskAsync("Write quicksort in Python. Code only.");
        await serve.BenchAsync(1, 8, "Hello");
        await CheckAsync(chat);
        foreach (var page in new[] { "/", "/models", "/runtimes", "/workers", "/server", "/benchmark", "/about" })
        {
            await chat.GoToAsync(page);
            await chat.Page.WaitForLoadStateAsync(LoadState.Load);
            await chat.Page.GetByRole(AriaRole.Heading, new() { Level = 1 }).First.WaitForAsync(new() { State = WaitForSelectorState.Attached });
            if (page == "/benchmark")
                await chat.Page.GetByTestId("advice").First.WaitForAsync();
            await CheckAsync(chat);
        }
    }

    private static async Task CheckAsync(ChatUnderTest chat)
    {
        var result = await chat.Page.RunAxe();
        var serious = result.Violations.Where(violation => violation.Impact is "serious" or "critical")
            .Select(violation => $"{chat.Page.Url}: {violation.Id} ({violation.Help}): {string.Join(" | ", violation.Nodes.Take(4).Select(node => node.Html[..Math.Min(220, node.Html.Length)]))}");
        Assert.True(!serious.Any(), string.Join("\n", serious));
    }
}
