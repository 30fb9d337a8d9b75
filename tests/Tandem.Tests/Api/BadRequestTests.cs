using System.Net;
using System.Net.Http.Headers;
using FakeEngine.Scripts;
using Tandem.Tests.Support;

namespace Tandem.Tests.Api;

/// <summary>Whatever comes in: a 4xx that names the field, and the host goes on.</summary>
public sealed class BadRequestTests : IAsyncLifetime
{
    private const string Hi = """[{"role":"user","content":"Hi"}]""";

    private HostUnderTest _host = null!;

    public async ValueTask InitializeAsync() => _host = await HostUnderTest.StartAsync(
        ("main", new FakeScript { ContextLength = 64 }),
        ("other", new FakeScript { Tokenizer = new FakeTokenizerFacts { Fingerprint = "other" }, ParameterCount = 5 }),
        ("embedder", new FakeScript { CanGenerate = false }));

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("""{"messages":MSG}""", "model")]
    [InlineData("""{"model":7,"messages":MSG}""", "model")]
    [InlineData("""{"model":"","messages":MSG}""", "model")]
    [InlineData("""{"model":"main"}""", "messages")]
    [InlineData("""{"model":"main","messages":[]}""", "messages")]
    [InlineData("""{"model":"main","messages":"Hi"}""", "messages")]
    [InlineData("""{"model":"main","messages":["Hi"]}""", "messages[0]")]
    [InlineData("""{"model":"main","messages":[{"content":"Hi"}]}""", "messages[0].role")]
    [InlineData("""{"model":"main","messages":[{"role":"king","content":"Hi"}]}""", "messages[0].role")]
    [InlineData("""{"model":"main","messages":[{"role":"user"}]}""", "messages[0].content")]
    [InlineData("""{"model":"main","messages":[{"role":"user","content":"Hi"},{"role":"user","content":5}]}""", "messages[1].content")]
    [InlineData("""{"model":"main","messages":[{"role":"user","content":[5]}]}""", "messages[0].content[0]")]
    [InlineData("""{"model":"main","messages":[{"role":"user","content":[{"type":"text"}]}]}""", "messages[0].content[0].text")]
    [InlineData("""{"model":"main","messages":[{"role":"user","content":"\ud83d"}]}""", "messages[0].content")]
    [InlineData("""{"model":"main","messages":MSG,"stream":"yes"}""", "stream")]
    [InlineData("""{"model":"main","messages":MSG,"stream_options":5}""", "stream_options")]
    [InlineData("""{"model":"main","messages":MSG,"stream_options":{"include_usage":1}}""", "stream_options.include_usage")]
    [InlineData("""{"model":"main","messages":MSG,"temperature":"hot"}""", "temperature")]
    [InlineData("""{"model":"main","messages":MSG,"temperature":-1}""", "temperature")]
    [InlineData("""{"model":"main","messages":MSG,"temperature":1e999}""", "temperature")]
    [InlineData("""{"model":"main","messages":MSG,"top_p":1.5}""", "top_p")]
    [InlineData("""{"model":"main","messages":MSG,"top_k":1.5}""", "top_k")]
    [InlineData("""{"model":"main","messages":MSG,"top_k":-2}""", "top_k")]
    [InlineData("""{"model":"main","messages":MSG,"min_p":[]}""", "min_p")]
    [InlineData("""{"model":"main","messages":MSG,"repeat_penalty":0}""", "repeat_penalty")]
    [InlineData("""{"model":"main","messages":MSG,"frequency_penalty":3}""", "frequency_penalty")]
    [InlineData("""{"model":"main","messages":MSG,"presence_penalty":true}""", "presence_penalty")]
    [InlineData("""{"model":"main","messages":MSG,"logit_bias":[1]}""", "logit_bias")]
    [InlineData("""{"model":"main","messages":MSG,"logit_bias":{"a":1}}""", "logit_bias")]
    [InlineData("""{"model":"main","messages":MSG,"logit_bias":{"1":101}}""", "logit_bias")]
    [InlineData("""{"model":"main","messages":MSG,"max_tokens":0}""", "max_tokens")]
    [InlineData("""{"model":"main","messages":MSG,"max_tokens":-2}""", "max_tokens")]
    [InlineData("""{"model":"main","messages":MSG,"max_tokens":1e30}""", "max_tokens")]
    [InlineData("""{"model":"main","messages":MSG,"max_completion_tokens":"5"}""", "max_completion_tokens")]
    [InlineData("""{"model":"main","messages":MSG,"stop":5}""", "stop")]
    [InlineData("""{"model":"main","messages":MSG,"stop":""}""", "stop")]
    [InlineData("""{"model":"main","messages":MSG,"stop":["a",5]}""", "stop[1]")]
    [InlineData("""{"model":"main","messages":MSG,"seed":"x"}""", "seed")]
    [InlineData("""{"model":"main","messages":MSG,"seed":1.5}""", "seed")]
    [InlineData("""{"model":"main","messages":MSG,"n":0}""", "n")]
    [InlineData("""{"model":"main","messages":MSG,"n":129}""", "n")]
    [InlineData("""{"model":"main","messages":MSG,"logprobs":1}""", "logprobs")]
    [InlineData("""{"model":"main","messages":MSG,"logprobs":true,"top_logprobs":101}""", "top_logprobs")]
    [InlineData("""{"model":"main","messages":MSG,"top_logprobs":2}""", "top_logprobs")]
    [InlineData("""{"model":"main","messages":MSG,"continue_final_message":true}""", "continue_final_message")]
    [InlineData("""{"model":"main","messages":MSG,"chat_template_kwargs":[1]}""", "chat_template_kwargs")]
    [InlineData("""{"model":"main","messages":MSG,"chat_template_kwargs":{"a":"\ud800"}}""", "chat_template_kwargs.a")]
    [InlineData("""{"model":"main","messages":[{"role":"assistant","content":"x","tool_calls":[5]}]}""", "messages[0].tool_calls[0]")]
    [InlineData("""{"model":"main","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"ftp://x"}}]}]}""", "messages[0].content[0].image_url.url")]
    [InlineData("""{"model":"main","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,$"}}]}]}""", "messages[0].content[0].image_url.url")]
    [InlineData("""{"model":"main","messages":[{"role":"user","content":[{"type":"image_url"}]}]}""", "messages[0].content[0].image_url.url")]
    [InlineData("""{"model":"main","messages":MSG,"ttl":-5}""", "ttl")]
    [InlineData("""{"model":"main","messages":MSG,"draft_model":5}""", "draft_model")]
    [InlineData("""{"model":"main","messages":MSG,"speculation":"draft"}""", "speculation")]
    [InlineData("""{"model":"main","messages":MSG,"speculation":{"proposer":"magic"}}""", "speculation.proposer")]
    [InlineData("""{"model":"main","messages":MSG,"speculation":{"proposer":"draft"}}""", "speculation.proposer")]
    [InlineData("""{"model":"main","messages":MSG,"speculation":{"length":0}}""", "speculation.length")]
    [InlineData("""{"model":"main","messages":MSG,"speculation":{"length":33}}""", "speculation.length")]
    [InlineData("""{"model":"main","messages":MSG,"speculation":{"length":"long"}}""", "speculation.length")]
    [InlineData("""{"model":"main","messages":MSG,"speculation":{"min_length":-1}}""", "speculation.min_length")]
    [InlineData("""{"model":"main","messages":MSG,"speculation":{"min_probability":2}}""", "speculation.min_probability")]
    [InlineData("""{"model":"main","messages":MSG,"response_format":"json"}""", "response_format")]
    public Task A_wrong_field_is_named(string body, string param) => RefusedAsync(body, HttpStatusCode.BadRequest, "invalid_value", param);

    [Theory]
    [InlineData("""{"model":"main","messages":MSG,"tools":[{"type":"function"}]}""", "tools")]
    [InlineData("""{"model":"main","messages":MSG,"response_format":{"type":"json_schema"}}""", "response_format")]
    [InlineData("""{"model":"main","messages":MSG,"tool_choice":"required"}""", "tool_choice")]
    [InlineData("""{"model":"main","messages":MSG,"response_format":{"type":"json_object"}}""", "response_format")]
    [InlineData("""{"model":"main","messages":MSG,"audio":{}}""", "audio")]
    [InlineData("""{"model":"embedder","messages":MSG}""", "model")]
    public Task What_is_not_there_yet_is_refused_by_name(string body, string param) =>
        RefusedAsync(body, HttpStatusCode.BadRequest, "not_supported", param);

    [Theory]
    [InlineData("""{"model":"nobody","messages":MSG}""", HttpStatusCode.NotFound, "model_not_found", "model")]
    [InlineData("""{"model":"main","messages":MSG,"draft_model":"nobody"}""", HttpStatusCode.NotFound, "model_not_found", "draft_model")]
    [InlineData("""{"model":"main","messages":MSG,"draft_model":"other"}""", HttpStatusCode.BadRequest, "draft_vocab_mismatch", "draft_model")]
    [InlineData(
        """{"model":"main","messages":[{"role":"user","content":[{"type":"text","text":"Two:"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0="}},{"type":"image_url","image_url":{"url":"https://example.org/a.png"}}]}]}""",
        HttpStatusCode.BadRequest, "images_not_supported", "messages[0].content[1]")]
    public Task What_cannot_be_served_has_its_code(string body, HttpStatusCode status, string code, string param) =>
        RefusedAsync(body, status, code, param);

    [Theory]
    [InlineData("")]
    [InlineData("Hi")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("""{"model":"main",""")]
    [InlineData("{\"model\":\"ma\0in\"}")]
    public Task A_body_that_is_no_object_is_refused(string body) => RefusedAsync(body, HttpStatusCode.BadRequest, "invalid_value", null);

    [Fact]
    public Task Deep_nesting_is_refused() =>
        RefusedAsync(string.Concat(Enumerable.Repeat("""{"a":""", 100_000)), HttpStatusCode.BadRequest, "invalid_value", null);

    [Fact]
    public async Task Bytes_that_are_no_utf8_are_refused()
    {
        var content = new ByteArrayContent([.. "{\"model\":\""u8, 0xff, 0xfe, .. "\"}"u8]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await _host.Client.PostAsync(new Uri(HostUnderTest.Chat, UriKind.Relative), content, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task A_body_of_100_megabytes_is_refused_with_an_answer()
    {
        using var response = await _host.SendAsync(HostUnderTest.Chat, HostUnderTest.Ask("main", new string('x', 100_000_000)));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Contains("request_too_large", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public Task A_prompt_over_the_context_is_refused() =>
        RefusedAsync(HostUnderTest.Ask("main", new string('x', 1000)), HttpStatusCode.BadRequest, "context_length_exceeded", "messages");

    [Fact]
    public async Task Unknown_fields_and_nulls_are_ignored()
    {
        const string Body = """
            {"model":"main","messages":[{"role":"developer","content":"Be brief.","mood":1},{"role":"user","content":[{"type":"text","text":"Hi"}]}],
             "user":{"a":[1,2]},"temperature":null,"stop":null,"seed":-1,"tools":[],"logprobs":false,"n":1,"response_format":{"type":"text"},
             "draft_model":"","max_tokens":-1,"ttl":60,"top_k":-1,"logit_bias":{"5":-100},"speculation":{"length":"auto"}}
            """;
        var (status, answer) = await _host.PostAsync(HostUnderTest.Chat, Body);
        Assert.True(status == HttpStatusCode.OK, answer.GetRawText());
    }

    private async Task RefusedAsync(string body, HttpStatusCode expected, string code, string? param)
    {
        foreach (var path in (string[])[HostUnderTest.Chat, HostUnderTest.NativeChat])
        {
            var (status, answer) = await _host.PostAsync(path, body.Replace("MSG", Hi, StringComparison.Ordinal));
            var error = answer.GetProperty("error");
            Assert.Equal(["message", "type", "param", "code"], error.EnumerateObject().Select(field => field.Name));
            Assert.Equal((expected, code, param), (status, error.GetProperty("code").GetString(), error.GetProperty("param").GetString()));
        }
    }
}
