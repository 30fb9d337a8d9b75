using System.Text.Json;
using FakeEngine.Scripts;
using Tandem.Tests.Support;

namespace Tandem.Tests.Api;

/// <summary>Reasoning and answer apart, whole and streamed.</summary>
public sealed class ReasoningTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_stands_between_the_marks_is_reasoning(bool stream)
    {
        await using var host = await HostUnderTest.StartAsync(("main", Thinking("<th", "ink>\n", "Hm. ", "Yes.", "\n</thi", "nk>\n\n", "It is", " 4.")));
        var (reasoning, content, reasoningTokens) = await AskAsync(host, stream);
        Assert.Equal(("Hm. Yes.", "It is 4."), (reasoning, content));
        Assert.InRange(reasoningTokens, 3, 6);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_prompt_that_opens_the_reasoning_needs_no_mark_in_the_answer(bool stream)
    {
        var script = Thinking("Hm.", "</think>", "4");
        script.ChatTemplate = "{% for m in messages %}{{ m.content }}{% endfor %}<think>\n";
        await using var host = await HostUnderTest.StartAsync(("main", script));
        var (reasoning, content, _) = await AskAsync(host, stream);
        Assert.Equal(("Hm.", "4"), (reasoning, content));
    }

    [Fact]
    public async Task Marks_that_are_control_tokens_count_too()
    {
        var script = Thinking();
        script.Answers = [new() { Steps = [[new FakeToken { Text = "<think>", Control = true }], ["Hm."], [new FakeToken { Text = "</think>", Control = true }], ["4"]] }];
        await using var host = await HostUnderTest.StartAsync(("main", script));
        var (reasoning, content, _) = await AskAsync(host, stream: false);
        Assert.Equal(("Hm.", "4"), (reasoning, content));
    }

    [Fact]
    public async Task An_answer_without_reasoning_has_no_such_field()
    {
        await using var host = await HostUnderTest.StartAsync(("main", Thinking("a <think> b")));
        var (_, body) = await host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("main"));
        Assert.Equal("""{"role":"assistant","content":"a <think> b"}""", body.GetProperty("choices")[0].GetProperty("message").GetRawText());
    }

    [Fact]
    public async Task An_answer_begun_by_the_client_goes_on()
    {
        var script = new FakeScript { Answers = [new() { EchoPrompt = true }], ChatTemplate = "{% for m in messages %}[{{ m.content }}]{% endfor %}" };
        await using var host = await HostUnderTest.StartAsync(("main", script));
        var (_, body) = await host.PostAsync(HostUnderTest.Chat,
            """{"model":"main","messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Once upon"}],"continue_final_message":true}""");
        Assert.Equal("[Hi][Once upon", body.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
    }

    [Fact]
    public async Task Variables_of_the_template_come_from_the_request()
    {
        var script = new FakeScript { Answers = [new() { EchoPrompt = true }], ChatTemplate = "{{ enable_thinking }}{{ reasoning_effort }}" };
        await using var host = await HostUnderTest.StartAsync(("main", script));
        var (_, body) = await host.PostAsync(HostUnderTest.Chat,
            HostUnderTest.Ask("main", further: """, "chat_template_kwargs": {"enable_thinking": false}, "reasoning_effort": "low" """));
        Assert.Equal("Falselow", body.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
    }

    private static FakeScript Thinking(params string[] pieces) => FakeScripts.Saying([.. pieces.Select(FakeToken.FromMain)]);

    private static async Task<(string Reasoning, string Content, int Tokens)> AskAsync(HostUnderTest host, bool stream)
    {
        if (!stream)
        {
            var (_, body) = await host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("main"));
            var message = body.GetProperty("choices")[0].GetProperty("message");
            return (message.GetProperty("reasoning_content").GetString()!, message.GetProperty("content").GetString()!, TokensOf(body));
        }

        var events = await host.StreamAsync(HostUnderTest.Chat, HostUnderTest.Ask("main", further: """, "stream": true, "stream_options": {"include_usage": true}"""));
        var chunks = events[..^1].ConvertAll(HostUnderTest.Parse);
        var deltas = chunks[..^1].Select(chunk => chunk.GetProperty("choices")[0].GetProperty("delta")).ToList();
        Assert.Equal("assistant", deltas[0].GetProperty("role").GetString());
        return (Join(deltas, "reasoning_content"), Join(deltas, "content"), TokensOf(chunks[^1]));
    }

    private static string Join(List<JsonElement> deltas, string field) =>
        string.Concat(deltas.Select(delta => delta.TryGetProperty(field, out var text) ? text.GetString() : ""));

    private static int TokensOf(JsonElement body) =>
        body.GetProperty("usage").GetProperty("completion_tokens_details").GetProperty("reasoning_tokens").GetInt32();
}
