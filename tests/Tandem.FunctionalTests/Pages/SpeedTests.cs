using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using FakeEngine.Scripts;
using Microsoft.Playwright;
using Tandem.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace Tandem.FunctionalTests.Pages;

/// <summary>Figures of the page, printed; what is asserted leaves room for a machine that does other things too.</summary>
[Trait("Tier", "Functional")]
public sealed class SpeedTests
{
    [Fact]
    public async Task The_first_load_is_small_and_soon_usable()
    {
        await using var host = await HostUnderTest.StartAsync(("main", new FakeScript()));
        await using var chat = await ChatUnderTest.OpenAsync(host.Host.Url, "/about");
        var sizes = new List<long>();
        await chat.Page.Context.ClearCookiesAsync();
        var session = await chat.Page.Context.NewCDPSessionAsync(chat.Page);
        await session.SendAsync("Network.enable");
        await session.SendAsync("Network.setCacheDisabled", new Dictionary<string, object> { ["cacheDisabled"] = true });
        session.Event("Network.loadingFinished").OnEvent += (_, done) => sizes.Add((long)done!.Value.GetProperty("encodedDataLength").GetDouble());
        var started = Stopwatch.GetTimestamp();
        await chat.GoToAsync("/");
        await Expect(chat.Input).ToBeFocusedAsync();
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        await chat.Page.WaitForLoadStateAsync(LoadState.Load);
        Print($"first load {sizes.Sum() / 1000.0:F0} kB compressed, usable after {seconds:F2} s");
        Assert.InRange(sizes.Sum(), 50_000, 300_000);
        Assert.InRange(seconds, 0, 10);
    }

    [Fact]
    public async Task A_chat_of_two_thousand_messages_scrolls()
    {
        await using var host = await HostUnderTest.StartAsync(("main", new FakeScript()));
        await SeedAsync(host, 2000);
        await using var chat = await ChatUnderTest.OpenAsync(host.Host.Url, "/chats/long-chat-1");
        await Expect(chat.Page.GetByText("Answer 1999")).ToBeVisibleAsync();
        Assert.InRange(await chat.Page.Locator("article").CountAsync(), 1, 60);
        var list = chat.Page.GetByRole(AriaRole.Log);
        await list.HoverAsync();
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < 30; i++)
            await chat.Page.Mouse.WheelAsync(0, -900);
        Print($"30 turns of the wheel in {Stopwatch.GetElapsedTime(started).TotalSeconds:F2} s");
        await list.EvaluateAsync("list => list.scrollTop = 0");
        await Expect(list.GetByText("Question 0", new() { Exact = true })).ToBeVisibleAsync();
        Assert.InRange(await chat.Page.Locator("article").CountAsync(), 1, 60);
    }

    [Fact]
    public async Task Streaming_at_300_tokens_a_second_leaves_the_page_free()
    {
        List<List<FakeToken>> steps = [.. Enumerable.Range(0, 40).Select(i => new List<FakeToken> { $"word{i} ", FakeToken.FromDraft("of *text* "), "and `code`, " })];
        steps.Add([".\n\n"]);
        var script = new FakeScript { ContextLength = 100_000, Answers = [new FakeAnswer { Steps = steps, Repeat = true, StepMs = 10 }] };
        await using var host = await HostUnderTest.StartAsync(("main", script), ("other", new FakeScript { ParameterCount = 10 }));
        await using var chat = await ChatUnderTest.OpenAsync(host.Host.Url);
        await chat.Page.GetByRole(AriaRole.Button, new() { Name = "Model: test/main" }).WaitForAsync();
        await chat.SendAsync("Go on.");
        await Expect(chat.LastAnswer.GetByTestId("answer")).Not.ToBeEmptyAsync(new() { Timeout = 60_000 });
        Print($"300 tok/s: main thread {await MainThread.BusyAsync(chat.Page, TimeSpan.FromSeconds(6)):P0} busy");
        await chat.Input.PressAsync("Escape");
        await chat.AnsweredAsync();
    }

    [Fact]
    public async Task Streaming_at_full_speed_leaves_the_page_free()
    {
        await using var serve = await ServeUnderTest.StartAsync();
        // Its stories end after a hundred tokens by themselves.
        await serve.PutAsync("/api/tandem/models/tandem/storyteller/defaults", new { sampling = new { ignore_eos = true } });
        await using var chat = await ChatUnderTest.OpenAsync(serve.Url);
        await chat.Page.GetByLabel("Longest answer (tokens)").FillAsync("40");
        await chat.AskAsync("Hello");
        await chat.Page.GetByLabel("Longest answer (tokens)").FillAsync("1500");
        // From the question to the end of the answer: the first token is there after hundredths of a second.
        var busy = await MainThread.BusyAsync(chat.Page, async () =>
        {
            await chat.SendAsync("Tell me a story about a fox.");
            await Expect(chat.Answers).ToHaveCountAsync(2);
            await chat.AnsweredAsync();
        });
        var (tokens, _, _) = await ChatUnderTest.FiguresAsync(chat.LastAnswer);
        Print($"Storyteller: main thread {busy:P0} busy; {await chat.LastAnswer.GetByTestId("stats").InnerTextAsync()}");
        Assert.Equal(1500, tokens);
    }

    [Fact]
    public async Task Twenty_workers_that_change_ten_times_a_second_leave_the_page_free()
    {
        await using var host = await HostUnderTest.StartAsync(("main", new FakeScript()));
        await using var chat = await ChatUnderTest.OpenAsync(host.Host.Url, "/about");
        var asked = 0;
        await chat.Page.RouteAsync("**/api/tandem/workers", route => route.FulfillAsync(new() { Json = new { workers = Array.Empty<object>() } }));
        chat.Page.Request += (_, request) => asked += request.Url.Contains("/api/tandem/", StringComparison.Ordinal) ? 1 : 0;
        await chat.Page.AddInitScriptAsync(TwentyWorkers);
        await chat.GoToAsync("/workers");
        await Expect(chat.Page.Locator("article[data-state=ready]")).ToHaveCountAsync(20);
        var before = asked;
        Print($"20 workers, 200 events/s: main thread {await MainThread.BusyAsync(chat.Page, TimeSpan.FromSeconds(5)):P0} busy");
        await Expect(chat.Page.GetByText("20.0 MiB of its own").First).ToBeVisibleAsync();
        // What is shown comes by events; nothing is asked again.
        Assert.Equal(before, asked);
    }

    /// <summary>In place of the host's events: every worker changes ten times a second.</summary>
    private const string TwentyWorkers = """
        const real = window.fetch;
        window.fetch = (address, init) => !String(address).startsWith('/api/tandem/events') ? real(address, init) : Promise.resolve(new Response(new ReadableStream({
          start(controller) {
            const text = new TextEncoder();
            let n = 0;
            setInterval(() => {
              n++;
              for (let i = 0; i < 20; i++)
                controller.enqueue(text.encode('event: worker\ndata: ' + JSON.stringify({
                  id: 'w' + i, instance: 'test/model-' + i, model: 'test/model-' + i, state: 'ready', stop_cause: null, pid: 1000 + i, draft: 'test/draft',
                  engine: 'fake', runtime: 'fake@1.0.0+1-cpu', progress: 1, phase: null, loaded_by_user: true, ttl: null, leases: n % 4, waiting: n % 3, completed: n,
                  restarts: 0, started_at: '2026-01-01T00:00:00Z', memory: { estimated: 0, private: 20 << 20, devices: [] },
                  context_length: 4096, parallel: 4, last_fault: null, last_fault_at: null, retry_at: null,
                }) + '\n\n'));
            }, 100);
          },
        })));
        """;

    private static async Task SeedAsync(HostUnderTest host, int messages)
    {
        await PutAsync("/api/tandem/chats/long-chat-1", new { settings = new { model = "test/main" }, leaf = $"message-{messages - 1:D5}" });
        for (var i = 0; i < messages; i++)
        {
            var question = i % 2 == 0;
            await PutAsync($"/api/tandem/chats/long-chat-1/messages/message-{i:D5}", new
            {
                role = question ? "user" : "assistant",
                parent = i == 0 ? null : $"message-{i - 1:D5}",
                content = question ? $"Question {i}" : $"Answer {i}\n\nSome *text* and\n\n```python\nprint({i})\n```\n\n- one\n- two",
                meta = new { origin = new[] { new { chars = 7, from = "draft", tokens = 2 } } },
            });
        }

        async Task PutAsync(string path, object body)
        {
            using var response = await host.Client.PutAsJsonAsync(path, body);
            Assert.True(response.IsSuccessStatusCode);
        }
    }

    private static void Print(FormattableString line) => TestContext.Current.SendDiagnosticMessage(line.ToString(CultureInfo.InvariantCulture));
}
