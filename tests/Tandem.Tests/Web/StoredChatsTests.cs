using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using FakeEngine.Scripts;
using Tandem.Host.Chats;
using Tandem.Tests.Support;

namespace Tandem.Tests.Web;

public sealed class StoredChatsTests
{
    private const string Chat = "/api/tandem/chats/aaaaaaaa1";

    [Fact]
    public async Task A_chat_comes_back_with_its_messages_in_order_and_everything_the_page_keeps_with_them()
    {
        await using var host = await HostUnderTest.StartAsync();
        await PutAsync(host, Chat, new { settings = new { model = "test/main", temperature = 0 }, leaf = "message-2" });
        await PutAsync(host, $"{Chat}/messages/message-1", new { role = "user", content = "Hi", parent = (string?)null });
        var meta = new { origin = new[] { new { chars = 5, from = "draft", tokens = 2 } } };
        await PutAsync(host, $"{Chat}/messages/message-2", new { role = "assistant", content = "Hello", parent = "message-1", meta });
        await PutAsync(host, $"{Chat}/messages/message-1", new { role = "user", content = "Hi!", parent = (string?)null });

        var (status, body) = await host.GetAsync(Chat);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("message-2", body.GetProperty("leaf").GetString());
        Assert.Equal("test/main", body.GetProperty("settings").GetProperty("model").GetString());
        var items = body.GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(["Hi!", "Hello"], items.Select(item => item.GetProperty("content").GetString()));
        Assert.Equal("message-1", items[1].GetProperty("parent").GetString());
        Assert.Equal(2, items[1].GetProperty("meta").GetProperty("origin")[0].GetProperty("tokens").GetInt32());
    }

    [Fact]
    public async Task A_chat_is_named_by_its_first_question_until_the_user_names_it()
    {
        await using var host = await HostUnderTest.StartAsync();
        await PutAsync(host, Chat, new { });
        await PutAsync(host, $"{Chat}/messages/message-1", new { role = "user", content = "## Write a poem\nabout rain" });
        await PutAsync(host, $"{Chat}/messages/message-2", new { role = "user", content = "Another" });
        var (_, listed) = await host.GetAsync("/api/tandem/chats");
        var chat = Assert.Single(listed.GetProperty("chats").EnumerateArray());
        Assert.Equal((null, "Write a poem"), (chat.GetProperty("title").GetString(), chat.GetProperty("automatic_title").GetString()));
        await PutAsync(host, Chat, new { title = "Rain" });
        // What is not given stays.
        await PutAsync(host, Chat, new { settings = new { } });
        Assert.Equal("Rain", (await host.GetAsync(Chat)).Body.GetProperty("title").GetString());
    }

    [Theory]
    [InlineData("poem", 1)]
    [InlineData("RAIN", 1)]
    [InlineData("%", 0)]
    [InlineData("_", 0)]
    [InlineData("snow", 0)]
    public async Task Search_finds_words_of_names_and_messages_and_takes_them_as_they_are(string words, int found)
    {
        await using var host = await HostUnderTest.StartAsync();
        await PutAsync(host, Chat, new { title = "A poem" });
        await PutAsync(host, $"{Chat}/messages/message-1", new { role = "user", content = "About rain." });
        var (_, body) = await host.GetAsync($"/api/tandem/chats?q={Uri.EscapeDataString(words)}");
        Assert.Equal(found, body.GetProperty("chats").GetArrayLength());
    }

    [Fact]
    public async Task A_chat_that_was_deleted_is_gone_and_a_late_message_does_not_bring_it_back()
    {
        await using var host = await HostUnderTest.StartAsync();
        await PutAsync(host, Chat, new { });
        using (var deleted = await host.Client.DeleteAsync(new Uri(Chat, UriKind.Relative)))
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        var late = await PutAsync(host, $"{Chat}/messages/message-1", new { role = "user", content = "Hi" }, HttpStatusCode.NotFound);
        Assert.Equal("chat_not_found", late.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync(Chat)).Status);
    }

    [Theory]
    [InlineData("/api/tandem/chats/a", """{}""", "id")]
    [InlineData(Chat, """{"title": 1}""", "title")]
    [InlineData(Chat, """{"settings": []}""", "settings")]
    [InlineData(Chat + "/messages/message-1", """{"role": "system", "content": ""}""", "role")]
    [InlineData(Chat + "/messages/message-1", """{"role": "user"}""", "content")]
    public async Task A_wrong_field_is_named(string path, string json, string field)
    {
        await using var host = await HostUnderTest.StartAsync();
        await PutAsync(host, Chat, new { });
        using var content = new StringContent(json, null, "application/json");
        using var response = await host.Client.PutAsync(new Uri(path, UriKind.Relative), content);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(field, body.GetProperty("error").GetProperty("param").GetString());
    }

    [Theory]
    [InlineData("", null)]
    [InlineData(" \n\t", null)]
    [InlineData("> **Why** is\tthe sky blue?\nTell me.", "Why** is the sky blue?")]
    [InlineData("one two three four five six seven eight nine ten eleven twelve thirteen", "one two three four five six seven eight nine ten eleven…")]
    public void The_name_is_the_beginning_of_the_first_line(string question, string? title) => Assert.Equal(title, ChatTitle.Of(question));

    [Fact]
    public async Task An_answer_is_continued_behind_its_last_character()
    {
        var script = new FakeScript { Answers = [new FakeAnswer { EchoPrompt = true }] };
        await using var host = await HostUnderTest.StartAsync(("main", script));
        const string messages = """[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hel"}]""";
        var (status, body) = await host.PostAsync(HostUnderTest.Chat, $$"""{"model":"test/main","messages":{{messages}},"continue_final_message":true}""");
        Assert.Equal(HttpStatusCode.OK, status);
        // The fake answer is the prompt itself.
        Assert.EndsWith("<|assistant|>Hel", body.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_an_answer_can_be_continued()
    {
        await using var host = await HostUnderTest.StartAsync(("main", new FakeScript()));
        var (status, body) = await host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("test/main", further: ", \"continue_final_message\": true"));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("continue_final_message", body.GetProperty("error").GetProperty("param").GetString());
    }

    private static async Task<JsonElement> PutAsync(HostUnderTest host, string path, object body, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await host.Client.PutAsJsonAsync(path, body);
        Assert.Equal(expected, response.StatusCode);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }
}
