using System.Net;
using System.Text.Json;
using FakeEngine.Scripts;
using Tandem.Tests.Support;

namespace Tandem.Tests.Api;

/// <summary>Answers to plain prompts, several answers at once, log probabilities.</summary>
public sealed class CompletionTests : IAsyncLifetime
{
    private HostUnderTest _host = null!;

    public async ValueTask InitializeAsync() => _host = await HostUnderTest.StartAsync(
        ("main", FakeScripts.Saying(FakeToken.FromMain("Hello"), FakeToken.FromMain(" you"))),
        ("echo", new FakeScript { Answers = [new() { EchoPrompt = true }] }),
        ("coder", new FakeScript { Tokenizer = new FakeTokenizerFacts { FimPrefix = 0xE010, FimSuffix = 0xE011, FimMiddle = 0xE012 }, Answers = [new() { EchoPrompt = true }] }),
        ("embedder", new FakeScript { CanGenerate = false }));

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData(HostUnderTest.Completions)]
    [InlineData(HostUnderTest.NativeCompletions)]
    public async Task A_whole_continuation_has_the_shape_that_clients_know(string path)
    {
        var (status, body) = await _host.PostAsync(path, HostUnderTest.Continue("main"));
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.StartsWith("cmpl-", body.GetProperty("id").GetString(), StringComparison.Ordinal);
        Assert.Equal("text_completion", body.GetProperty("object").GetString());
        Assert.Equal("""{"index":0,"text":"Hello you","logprobs":null,"finish_reason":"stop"}""", Assert.Single(body.GetProperty("choices").EnumerateArray()).GetRawText());
        Assert.Equal(2, body.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Equal(path == HostUnderTest.NativeCompletions, body.TryGetProperty("model_info", out _) && body.TryGetProperty("runtime", out _));
    }

    [Fact]
    public async Task No_template_touches_a_plain_prompt()
    {
        var (_, body) = await _host.PostAsync(HostUnderTest.Completions, HostUnderTest.Continue("echo", "once upon"));
        Assert.Equal("once upon", TextOf(body, 0));
    }

    [Fact]
    public async Task Token_ids_are_taken_as_they_are()
    {
        var (_, body) = await _host.PostAsync(HostUnderTest.Completions, """{"model":"echo","prompt":[111,110,101]}""");
        Assert.Equal("one", TextOf(body, 0));
    }

    [Fact]
    public async Task Several_prompts_and_answers_are_numbered_in_order()
    {
        var (_, body) = await _host.PostAsync(HostUnderTest.Completions, """{"model":"echo","prompt":["a","bb"],"n":2,"echo":true}""");
        Assert.Equal(["aa", "aa", "bbbb", "bbbb"], Enumerable.Range(0, 4).Select(i => TextOf(body, i)));
        Assert.Equal([0, 1, 2, 3], body.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("index").GetInt32()));
        var usage = body.GetProperty("usage");
        Assert.Equal((3, 6), (usage.GetProperty("prompt_tokens").GetInt32(), usage.GetProperty("completion_tokens").GetInt32()));
    }

    [Fact]
    public async Task Several_answers_of_a_stream_are_told_apart_and_the_last_event_has_the_figures_of_all()
    {
        var events = await _host.StreamAsync(HostUnderTest.Completions, HostUnderTest.Continue("main", further: """, "n": 3, "stream": true, "echo": true"""));
        var chunks = events[..^1].ConvertAll(HostUnderTest.Parse);
        for (var i = 0; i < 3; i++)
        {
            var own = chunks.Select(chunk => chunk.GetProperty("choices")[0]).Where(choice => choice.GetProperty("index").GetInt32() == i).ToList();
            Assert.Equal("HiHello you", string.Concat(own.Select(choice => choice.GetProperty("text").GetString())));
            Assert.Equal("stop", own[^1].GetProperty("finish_reason").GetString());
        }

        Assert.Single(chunks, chunk => chunk.TryGetProperty("stats", out _));
        Assert.True(chunks[^1].TryGetProperty("stats", out _));
    }

    [Fact]
    public async Task Several_answers_to_a_chat_count_its_prompt_once()
    {
        var (_, one) = await _host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("main"));
        var (_, three) = await _host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("main", further: """, "n": 3"""));
        Assert.Equal(3, three.GetProperty("choices").GetArrayLength());
        Assert.Equal(one.GetProperty("usage").GetProperty("prompt_tokens").GetInt32(), three.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(6, three.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task A_gap_is_filled_between_prompt_and_suffix()
    {
        var (_, body) = await _host.PostAsync(HostUnderTest.Completions, HostUnderTest.Continue("coder", "def ", """, "suffix": " end" """));
        Assert.Equal("\ue010def \ue011 end\ue012", TextOf(body, 0));
    }

    [Theory]
    [InlineData("""{"model":"main"}""", "invalid_value", "prompt")]
    [InlineData("""{"model":"main","prompt":5}""", "invalid_value", "prompt")]
    [InlineData("""{"model":"main","prompt":[]}""", "invalid_value", "prompt")]
    [InlineData("""{"model":"main","prompt":["a",5]}""", "invalid_value", "prompt[1]")]
    [InlineData("""{"model":"main","prompt":[1,-1]}""", "invalid_value", "prompt[1]")]
    [InlineData("""{"model":"main","prompt":[[1],[]]}""", "invalid_value", "prompt[1]")]
    [InlineData("""{"model":"main","prompt":["a","b"],"n":100}""", "invalid_value", "n")]
    [InlineData("""{"model":"main","prompt":"a","logprobs":true}""", "invalid_value", "logprobs")]
    [InlineData("""{"model":"main","prompt":"a","suffix":"b"}""", "not_supported", "suffix")]
    [InlineData("""{"model":"main","prompt":"a","best_of":2}""", "not_supported", "best_of")]
    [InlineData("""{"model":"main","prompt":"a","echo":true,"logprobs":1}""", "not_supported", "echo")]
    [InlineData("""{"model":"main","prompt":[1],"echo":true}""", "not_supported", "echo")]
    [InlineData("""{"model":"embedder","prompt":"a"}""", "not_supported", "model")]
    public async Task What_is_wrong_is_named(string body, string code, string param)
    {
        foreach (var path in (string[])[HostUnderTest.Completions, HostUnderTest.NativeCompletions])
        {
            var (status, answer) = await _host.PostAsync(path, body);
            var error = answer.GetProperty("error");
            Assert.Equal((HttpStatusCode.BadRequest, code, param), (status, error.GetProperty("code").GetString(), error.GetProperty("param").GetString()));
        }
    }

    [Fact]
    public async Task Log_probabilities_of_a_chat_come_token_by_token()
    {
        var (_, body) = await _host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("main", further: """, "logprobs": true, "top_logprobs": 1"""));
        var content = body.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content");
        Assert.Equal(["Hello", " you"], content.EnumerateArray().Select(token => token.GetProperty("token").GetString()));
        Assert.All(content.EnumerateArray(), token => Assert.Single(token.GetProperty("top_logprobs").EnumerateArray()));
        Assert.Equal("[72,101,108,108,111]", content[0].GetProperty("bytes").GetRawText());

        var events = await _host.StreamAsync(HostUnderTest.Chat, HostUnderTest.Ask("main", further: """, "logprobs": true, "stream": true"""));
        var tokens = events[..^1].ConvertAll(HostUnderTest.Parse).Select(chunk => chunk.GetProperty("choices")[0].GetProperty("logprobs"))
            .Where(logprobs => logprobs.ValueKind == JsonValueKind.Object)
            .SelectMany(logprobs => logprobs.GetProperty("content").EnumerateArray());
        Assert.Equal(["Hello", " you"], tokens.Select(token => token.GetProperty("token").GetString()));
    }

    [Fact]
    public async Task Log_probabilities_of_a_continuation_come_in_columns_with_offsets()
    {
        var (_, body) = await _host.PostAsync(HostUnderTest.Completions, HostUnderTest.Continue("main", further: """, "logprobs": 1"""));
        var logprobs = body.GetProperty("choices")[0].GetProperty("logprobs");
        Assert.Equal("""["Hello"," you"]""", logprobs.GetProperty("tokens").GetRawText());
        Assert.Equal("[0,5]", logprobs.GetProperty("text_offset").GetRawText());
        Assert.Equal(2, logprobs.GetProperty("token_logprobs").GetArrayLength());
        Assert.True(logprobs.GetProperty("top_logprobs")[0].TryGetProperty("Hello", out _));
    }

    private static string TextOf(JsonElement body, int index) => body.GetProperty("choices")[index].GetProperty("text").GetString()!;
}
