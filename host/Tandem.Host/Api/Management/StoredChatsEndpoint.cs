using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Tandem.Host.Chats;

namespace Tandem.Host.Api.Management;

/// <summary><c>/api/tandem/chats</c>: the chats of the pages. Ids are made by the page, so that a write may be repeated.</summary>
internal sealed partial class StoredChatsEndpoint(ChatStore store)
{
    private const int LongestTitle = 200;

    public async Task ListAsync(HttpContext context)
    {
        var chats = await store.ListAsync(context.Request.Query["q"].ToString().Trim(), context.RequestAborted);
        await context.Response.WriteAsJsonAsync(
            new StoredChatList([.. chats.Select(StoredChatItem.Of)]), StoredChatJson.Wire.StoredChatList, cancellationToken: context.RequestAborted);
    }

    public async Task GetAsync(HttpContext context)
    {
        var id = IdOf(context, "id");
        if (await store.FindAsync(id, context.RequestAborted) is not ({ } chat, { } messages))
        {
            await ApiErrors.WriteAsync(context, NotFound(id));
            return;
        }

        var details = new StoredChatDetails(
            chat.Id, chat.Title, chat.AutomaticTitle, chat.CreatedAt, chat.UpdatedAt, chat.Messages, Parse(chat.Settings), chat.Leaf,
            [.. messages.Select(message => new StoredMessageItem(
                message.Id, message.Parent, message.Role, message.Content, Parse(message.Meta), message.CreatedAt))]);
        await context.Response.WriteAsJsonAsync(details, StoredChatJson.Wire.StoredChatDetails, cancellationToken: context.RequestAborted);
    }

    /// <summary>Body: what changes of <c>title</c>, <c>settings</c>, <c>leaf</c>. Makes the chat if there is none.</summary>
    public async Task SaveAsync(HttpContext context)
    {
        using var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var problems = new FieldProblems();
        var id = CheckedId(context, "id", problems);
        var change = body.Failure is null ? ReadChange(new JsonFields(body.Root, "", problems), body.Root, problems) : null;
        if ((body.Failure ?? problems.First) is { } failure)
            await ApiErrors.WriteAsync(context, failure);
        else
            await WriteAsync(context, await store.SaveAsync(id, change!, context.RequestAborted));
    }

    /// <summary>Body: <c>parent</c>, <c>role</c>, <c>content</c>, <c>meta</c>.</summary>
    public async Task SaveMessageAsync(HttpContext context)
    {
        using var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var problems = new FieldProblems();
        var id = CheckedId(context, "id", problems);
        var message = body.Failure is null
            ? ReadMessage(CheckedId(context, "message", problems), new JsonFields(body.Root, "", problems), problems)
            : null;
        if ((body.Failure ?? problems.First) is { } failure)
            await ApiErrors.WriteAsync(context, failure);
        else if (await store.SaveMessageAsync(id, message!, context.RequestAborted) is { } chat)
            await WriteAsync(context, chat);
        else
            await ApiErrors.WriteAsync(context, NotFound(id));
    }

    public async Task RemoveAsync(HttpContext context)
    {
        var id = IdOf(context, "id");
        if (await store.RemoveAsync(id, context.RequestAborted))
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        else
            await ApiErrors.WriteAsync(context, NotFound(id));
    }

    private static ChatChange ReadChange(JsonFields fields, JsonElement root, FieldProblems problems)
    {
        var title = fields.Text("title")?.Trim();
        if (title?.Length > LongestTitle)
            problems.Add("title", $"a text of at most {LongestTitle} characters");
        _ = fields.Object("settings");
        return new ChatChange(
            root.TryGetProperty("title", out _), string.IsNullOrEmpty(title) ? null : title,
            fields.Find("settings")?.GetRawText(),
            root.TryGetProperty("leaf", out _), fields.Text("leaf"));
    }

    private static StoredMessage ReadMessage(string id, JsonFields fields, FieldProblems problems)
    {
        var role = fields.Text("role");
        if (role is not ("user" or "assistant"))
            problems.Add("role", "'user' or 'assistant'");
        if (!fields.Has("content"))
            problems.Add("content", "a text");
        _ = fields.Object("meta");
        return new StoredMessage(
            id, fields.Text("parent"), role ?? "", fields.Text("content") ?? "", fields.Find("meta")?.GetRawText() ?? "{}", CreatedAt: "");
    }

    private static Task WriteAsync(HttpContext context, StoredChat chat) => context.Response.WriteAsJsonAsync(
        StoredChatItem.Of(chat), StoredChatJson.Wire.StoredChatItem, cancellationToken: context.RequestAborted);

    private static string CheckedId(HttpContext context, string name, FieldProblems problems)
    {
        var id = IdOf(context, name);
        if (!Id().IsMatch(id))
            problems.Add(name, "8 to 64 letters, digits or hyphens");
        return id;
    }

    private static string IdOf(HttpContext context, string name) => (string)context.Request.RouteValues[name]!;

    private static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    private static Failure NotFound(string id) => new(FailureCodes.ChatNotFound, $"There is no chat '{id}'.", NextStep: "GET /api/tandem/chats lists them.");

    [GeneratedRegex("^[A-Za-z0-9-]{8,64}$")]
    private static partial Regex Id();
}
