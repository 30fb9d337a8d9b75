using System.ComponentModel.DataAnnotations;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tandem.Host.Chats;

namespace Tandem.Host.Api.Management;

/// <summary>Last used first.</summary>
internal sealed record StoredChatList(IReadOnlyList<StoredChatItem> Chats);

/// <param name="Title">Given by the user; null: none.</param>
/// <param name="AutomaticTitle">From the first question.</param>
/// <param name="Messages">How many, in all branches.</param>
internal sealed record StoredChatItem(string Id, string? Title, string? AutomaticTitle, string CreatedAt, string UpdatedAt, long Messages)
{
    public static StoredChatItem Of(StoredChat chat) => new(chat.Id, chat.Title, chat.AutomaticTitle, chat.CreatedAt, chat.UpdatedAt, chat.Messages);
}

/// <summary>A chat with everything in it.</summary>
/// <param name="Settings">The page's own: model, draft, sampling.</param>
/// <param name="Leaf">Last message of the branch that is shown.</param>
/// <param name="Items">All messages, in order of their making.</param>
internal sealed record StoredChatDetails(
    string Id, string? Title, string? AutomaticTitle, string CreatedAt, string UpdatedAt, long Messages,
    JsonElement Settings, string? Leaf, IReadOnlyList<StoredMessageItem> Items);

/// <param name="Parent">The message before it; messages with one parent are versions of each other.</param>
/// <param name="Meta">The page's own: origin of the characters, statistics, reasoning.</param>
internal sealed record StoredMessageItem(
    string Id, string? Parent, [property: AllowedValues("user", "assistant")] string Role, string Content, JsonElement Meta, string CreatedAt);

/// <summary>Source-generated JSON of stored chats.</summary>
[JsonSerializable(typeof(StoredChatList))]
[JsonSerializable(typeof(StoredChatDetails))]
internal sealed partial class StoredChatJson : JsonSerializerContext
{
    public static StoredChatJson Wire { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
