namespace Tandem.Host.Chats;

/// <summary>A chat without its messages.</summary>
/// <param name="Title">Given by the user; null: none.</param>
/// <param name="AutomaticTitle">From its first question; null before there is one.</param>
/// <param name="Settings">JSON of the page's own: model, draft, sampling.</param>
/// <param name="Leaf">Last message of the branch that is shown.</param>
internal sealed record StoredChat(
    string Id, string? Title, string? AutomaticTitle, string Settings, string? Leaf, string CreatedAt, string UpdatedAt, long Messages);

/// <summary>A message. Messages with the same parent are versions of each other: a chat is a tree.</summary>
/// <param name="Role"><c>user</c> or <c>assistant</c>.</param>
/// <param name="Meta">JSON of the page's own: where the text comes from, statistics, reasoning.</param>
internal sealed record StoredMessage(string Id, string? Parent, string Role, string Content, string Meta, string CreatedAt);

/// <summary>What to change of a chat; what is not given stays.</summary>
internal sealed record ChatChange(bool SetTitle, string? Title, string? Settings, bool SetLeaf, string? Leaf);
