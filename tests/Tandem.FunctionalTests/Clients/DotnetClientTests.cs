using System.ClientModel;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;
using OpenAI.Models;

namespace Tandem.FunctionalTests.Clients;

/// <summary>The package OpenAI, as it is, against real models.</summary>
[Trait("Tier", "Functional")]
public sealed class DotnetClientTests(ServedModels served) : IClassFixture<ServedModels>
{
    [Theory]
    [MemberData(nameof(ServedModels.Chatting), MemberType = typeof(ServedModels))]
    public async Task A_chat_is_answered_and_streamed_alike(string model)
    {
        served.Require(model);
        var chat = Client().GetChatClient(model);
        ChatCompletion whole = await chat.CompleteChatAsync([new UserChatMessage(ServedModels.Question)], Options(), Token);
        var streamed = "";
        ChatTokenUsage? usage = null;
        await foreach (var update in chat.CompleteChatStreamingAsync([new UserChatMessage(ServedModels.Question)], Options(), Token))
        {
            streamed += string.Concat(update.ContentUpdate.Select(part => part.Text));
            usage ??= update.Usage;
        }

        Assert.NotEqual("", whole.Content[0].Text);
        Assert.Equal(whole.Content[0].Text, streamed);
        Assert.Equal(ChatFinishReason.Length, whole.FinishReason);
        Assert.Equal(24, whole.Usage.OutputTokenCount);
        Assert.Equal(24, usage?.OutputTokenCount);
        Assert.Equal(whole.Usage.InputTokenCount + 24, whole.Usage.TotalTokenCount);
    }

    [Theory]
    [MemberData(nameof(ServedModels.Chatting), MemberType = typeof(ServedModels))]
    public async Task A_stop_text_is_never_said(string model)
    {
        served.Require(model);
        var options = Options();
        options.StopSequences.Add("5");
        options.MaxOutputTokenCount = 200;
        ChatCompletion answer = await Client().GetChatClient(model).CompleteChatAsync([new UserChatMessage(ServedModels.Question)], options, Token);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.DoesNotContain("5", answer.Content[0].Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(ServedModels.Chatting), MemberType = typeof(ServedModels))]
    public async Task The_same_seed_gives_the_same_text(string model)
    {
        served.Require(model);
        var texts = new List<(string, string)>();
        for (var seed = 1; seed <= 6; seed++)
            texts.Add((await AskAsync(seed), await AskAsync(seed)));
        ServedModels.AssertSeedsRepeat(model, texts);

        async Task<string> AskAsync(int seed)
        {
            var options = Options();
            options.Temperature = 1;
            options.MaxOutputTokenCount = 8;
#pragma warning disable OPENAI001 // The seed is marked as a trial by the package.
            options.Seed = seed;
#pragma warning restore OPENAI001
            ChatCompletion answer = await Client().GetChatClient(model).CompleteChatAsync([new UserChatMessage(ServedModels.Question)], options, Token);
            return answer.Content[0].Text;
        }
    }

    [Theory]
    [MemberData(nameof(ServedModels.Chatting), MemberType = typeof(ServedModels))]
    public async Task Log_probabilities_come_for_every_token(string model)
    {
        served.Require(model);
        var options = Options();
        options.IncludeLogProbabilities = true;
        options.TopLogProbabilityCount = 3;
        ChatCompletion answer = await Client().GetChatClient(model).CompleteChatAsync([new UserChatMessage("Count to five.")], options, Token);
        Assert.Equal(answer.Usage.OutputTokenCount, answer.ContentTokenLogProbabilities.Count);
        Assert.All(answer.ContentTokenLogProbabilities, token => Assert.True(token.LogProbability <= 0 && token.TopLogProbabilities.Count == 3));
    }

    [Theory]
    [MemberData(nameof(ServedModels.Chatting), MemberType = typeof(ServedModels))]
    public async Task Four_chats_at_once_share_the_model(string model)
    {
        served.Require(model);
        var chat = Client().GetChatClient(model);
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => chat.CompleteChatAsync([new UserChatMessage(ServedModels.Question)], Options(), Token)));
        Assert.All(answers, answer => Assert.Equal(24, answer.Value.Usage.OutputTokenCount));
        using var client = new HttpClient();
        using var list = JsonDocument.Parse(await client.GetStringAsync(new Uri(served.Url + "/api/v1/models"), Token));
        var listed = list.RootElement.GetProperty("models").EnumerateArray().Single(one => one.GetProperty("key").GetString() == answers[0].Value.Model);
        Assert.Equal(4, listed.GetProperty("loaded_instances")[0].GetProperty("config").GetProperty("parallel").GetInt32());
    }

    [Fact]
    public async Task An_unknown_model_is_an_error_with_its_status()
    {
        var error = await Assert.ThrowsAsync<ClientResultException>(
            () => Client().GetChatClient("nobody/nothing").CompleteChatAsync([new UserChatMessage("Hi")], Options(), Token));
        Assert.Equal(404, error.Status);
        Assert.Contains("nobody/nothing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Models_are_listed_and_found()
    {
        OpenAIModelCollection list = await Client().GetOpenAIModelClient().GetModelsAsync(Token);
        Assert.Contains(ServedModels.Storyteller, list.Select(model => model.Id));
        OpenAIModel one = await Client().GetOpenAIModelClient().GetModelAsync(ServedModels.Storyteller, Token);
        Assert.Equal("tandem", one.OwnedBy);
    }

    [Fact]
    public async Task Embeddings_come_in_batches()
    {
        served.Require(ServedModels.Embedder);
        OpenAIEmbeddingCollection made = await Client().GetEmbeddingClient(ServedModels.Embedder).GenerateEmbeddingsAsync(
            ["A cat sleeps.", "A kitten is asleep.", "The budget of the state."], cancellationToken: Token);
        Assert.Equal([384, 384, 384], made.Select(one => one.ToFloats().Length));
        Assert.True(Cosine(made[0], made[1]) > Cosine(made[0], made[2]) + 0.2);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static ChatCompletionOptions Options() => new() { Temperature = 0, MaxOutputTokenCount = 24 };

    private static double Cosine(OpenAIEmbedding left, OpenAIEmbedding right)
    {
        var (a, b) = (left.ToFloats().ToArray(), right.ToFloats().ToArray());
        return a.Zip(b, (x, y) => x * y).Sum();
    }

    private OpenAIClient Client() => new(new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(served.Url + "/v1") });
}
