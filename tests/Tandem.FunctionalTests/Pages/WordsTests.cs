using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Pages;

/// <summary>What the pages of operation do has the names of the command line.</summary>
[Trait("Tier", "Functional")]
public sealed partial class WordsTests
{
    private static readonly string[] Expected =
    [
        "bench", "load", "runtime add", "runtime get", "runtime remove", "runtime rollback", "runtime select", "runtime survey", "runtime update", "unload",
    ];

    [Fact]
    public async Task Every_action_of_the_pages_is_a_command_with_the_same_words()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Directory.Exists(RealHome.BundledFolder), "the library is that of Linux");
        var copy = RealHome.Bundled.Replace("3.22.1", "3.21.9", StringComparison.Ordinal);
        await using var serve = await ServeUnderTest.StartAsync(home => RealHome.CopyTo(Path.Combine(home, "runtimes", copy), copy));
        foreach (var id in new[] { RealHome.Bundled, copy })
            await serve.PostAsync($"/api/tandem/runtimes/{Uri.EscapeDataString(id)}/select", new { });
        await serve.PostAsync("/v1/chat/completions", new { model = "tandem/storyteller", max_tokens = 2, messages = new[] { new { role = "user", content = "Hi" } } });
        await using var page = await ChatUnderTest.OpenAsync(serve.Url, "/runtimes");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = $"Rollback: {copy}" }).WaitForAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = $"Select: {RealHome.Bundled}" }).WaitForAsync();
        var actions = await ActionsAsync(page);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Get a runtime" }).ClickAsync();
        await page.Page.Locator("[data-command='runtime get']").First.WaitForAsync();
        actions.AddRange(await ActionsAsync(page));
        await page.GoToAsync("/workers");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Unload: tandem/storyteller" }).WaitForAsync();
        actions.AddRange(await ActionsAsync(page));
        await page.GoToAsync("/benchmark");
        await page.Page.Locator("[data-command='bench']").WaitForAsync();
        actions.AddRange(await ActionsAsync(page));

        Assert.Equal(Expected, actions.SelectMany(action => action.Commands).Distinct().Order(StringComparer.Ordinal));
        Assert.All(actions, action => Assert.All(action.Commands, command => Assert.Contains(command.Split(' ')[^1], Words().Matches(action.Label.ToLowerInvariant()).Select(word => word.Value))));
        await Task.WhenAll(Expected.Select(async command =>
        {
            await using var help = await CommandUnderTest.StartAsync(Path.GetTempPath(), [.. command.Split(' '), "--help"]);
            var (exit, output, _) = await help.EndAsync();
            Assert.True(exit == 0 && output.Contains($"tandem {command}", StringComparison.Ordinal), $"tandem {command} --help: {output}");
        }));
    }

    private static async Task<List<(string Label, string[] Commands)>> ActionsAsync(ChatUnderTest page)
    {
        var found = await page.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('[data-command]')].map(button => button.dataset.command + '|' + button.textContent)");
        return [.. found.Select(one => one.Split('|')).Select(parts => (parts[1], parts[0].Split(", ")))];
    }

    [GeneratedRegex("[a-z]+")]
    private static partial Regex Words();
}
