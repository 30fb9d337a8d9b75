using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Tandem.FunctionalTests.Pages;

/// <summary>What a test asks of the page.</summary>
internal sealed record PageOptions(int Width = 1440, int Height = 900, ColorScheme Scheme = ColorScheme.Light);

/// <summary>
/// A page of Tandem in a browser, as a user has it before them. Ends with the check that every page must stand: no script failed, nothing was
/// refused by the policy, nothing was asked of another host.
/// </summary>
internal sealed partial class ChatUnderTest : IAsyncDisposable
{
    private const float Bound = 60_000;

    private readonly IBrowserContext _context;
    private readonly string _url;
    private readonly List<string> _problems = [];

    private ChatUnderTest(IBrowserContext context, IPage page, string url)
    {
        (_context, Page, _url) = (context, page, url);
        page.SetDefaultTimeout(Bound);
        page.PageError += (_, error) => _problems.Add($"script error: {error}");
        page.Console += (_, message) =>
        {
            if (message.Text.Contains("Content Security Policy", StringComparison.Ordinal))
                _problems.Add($"policy: {message.Text}");
        };
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(url, StringComparison.Ordinal) && !request.Url.StartsWith("blob:", StringComparison.Ordinal)
                && !request.Url.StartsWith("data:", StringComparison.Ordinal))
                _problems.Add($"foreign request: {request.Url}");
        };
    }

    public IPage Page { get; }

    public ILocator Answers => Page.Locator("article[data-role=assistant]");

    public ILocator LastAnswer => Answers.Last;

    public ILocator Input => Page.GetByRole(AriaRole.Textbox, new() { Name = "Write a message" });

    public ILocator Speculation => Page.GetByTestId("speculation");

    public static async Task<ChatUnderTest> OpenAsync(string url, string path = "/", PageOptions? options = null)
    {
        options ??= new PageOptions();
        var browser = await Chromium.RequireAsync();
        var context = await browser.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = options.Width, Height = options.Height },
            ColorScheme = options.Scheme,
        });
        var chat = new ChatUnderTest(context, await context.NewPageAsync(), url);
        await chat.GoToAsync(path);
        return chat;
    }

    public async Task GoToAsync(string path)
    {
        await Page.GotoAsync(_url + path);
        await Page.Locator("main").First.WaitForAsync();
    }

    public async Task AskAsync(string question)
    {
        await SendAsync(question);
        await AnsweredAsync();
    }

    /// <summary>Sends, and does not wait for the answer.</summary>
    public async Task SendAsync(string question)
    {
        await Input.FillAsync(question);
        await Input.PressAsync("Enter");
    }

    /// <summary>Waits until nothing is being written.</summary>
    public async Task AnsweredAsync()
    {
        await Expect(LastAnswer).ToBeVisibleAsync(new() { Timeout = Bound });
        await Expect(Page.Locator("main[data-writing]")).ToHaveCountAsync(0, new() { Timeout = Bound });
    }

    public static Task PressToolAsync(ILocator message, string name) =>
        message.GetByRole(AriaRole.Button, new() { Name = name, Exact = true }).ClickAsync();

    /// <summary>Text of an answer as it is on the page, what of it is coloured, and what of that is of the draft's or the repeated text's hue.</summary>
    public static async Task<(string All, string Coloured, string Draft, string Ngram)> ColoursAsync(ILocator answer)
    {
        var texts = await answer.GetByTestId("answer").EvaluateAsync<string[]>("""
            element => {
              const of = selector => [...element.querySelectorAll(selector)].map(part => part.textContent).join('');
              const copy = element.cloneNode(true);
              copy.querySelectorAll('.code-head').forEach(part => part.remove());
              return [copy.textContent, of('.from-draft, .from-ngram'), of('.from-draft'), of('.from-ngram')];
            }
            """);
        return (texts[0], texts[1], texts[2], texts[3]);
    }

    /// <summary>Figures of an answer as the page says them.</summary>
    public static async Task<(int Tokens, int Accepted, int Total)> FiguresAsync(ILocator answer)
    {
        var line = await answer.GetByTestId("stats").InnerTextAsync();
        var figures = Figures().Match(line.Replace('\n', ' '));
        Assert.True(figures.Success, line);
        return (Number(1), Number(2), Number(3));

        int Number(int group) => int.Parse(figures.Groups[group].Value, CultureInfo.InvariantCulture);
    }

    /// <summary>Chooses in a field of the page.</summary>
    public async Task ChooseAsync(string field, string option)
    {
        await Page.GetByRole(AriaRole.Combobox, new() { Name = field, Exact = true }).ClickAsync();
        await Page.GetByRole(AriaRole.Option, new() { Name = option, Exact = true }).ClickAsync();
    }

    /// <summary>Goes on with the Tab key until something has the focus.</summary>
    public async Task TabToAsync(ILocator target)
    {
        await target.WaitForAsync();
        for (var i = 0; i < 100 && !await target.EvaluateAsync<bool>("element => element === document.activeElement"); i++)
            await Page.Keyboard.PressAsync("Tab");
        await Expect(target).ToBeFocusedAsync();
    }

    /// <summary>The chat that is shown, as the host has it.</summary>
    public async Task<JsonElement> StoredAsync()
    {
        var response = await Page.APIRequest.GetAsync($"{_url}/api/tandem{new Uri(Page.Url).AbsolutePath}");
        Assert.True(response.Ok, await response.TextAsync());
        return (await response.JsonAsync())!.Value;
    }

    public async ValueTask DisposeAsync()
    {
        await _context.DisposeAsync();
        Assert.Empty(_problems);
    }

    [GeneratedRegex(@"(\d+) tokens?\b.*accepted (\d+)/(\d+)")]
    private static partial Regex Figures();
}
