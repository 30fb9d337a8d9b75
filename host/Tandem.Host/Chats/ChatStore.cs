using System.Globalization;
using Microsoft.Data.Sqlite;
using Tandem.Host.Storage;

namespace Tandem.Host.Chats;

/// <summary>The chats of this home. Every write may be repeated: what is sent twice is there once.</summary>
internal sealed class ChatStore(Database database, TimeProvider clock)
{
    public static Schema Schema { get; } = new("chats", """
        CREATE TABLE chats (
            id TEXT PRIMARY KEY, title TEXT, automatic_title TEXT, settings TEXT NOT NULL, leaf TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
        ) STRICT;
        CREATE TABLE chats_messages (
            chat TEXT NOT NULL, id TEXT NOT NULL, parent TEXT, role TEXT NOT NULL, content TEXT NOT NULL, meta TEXT NOT NULL, created_at TEXT NOT NULL,
            PRIMARY KEY (chat, id)
        ) STRICT
        """);

    private const string Columns =
        "id, title, automatic_title, settings, leaf, created_at, updated_at, (SELECT count(*) FROM chats_messages WHERE chat = chats.id)";

    private string Now => clock.GetUtcNow().ToString("O", CultureInfo.InvariantCulture);

    /// <summary>Last used first.</summary>
    /// <param name="search">Words that the name or a message has; empty: all chats.</param>
    public Task<List<StoredChat>> ListAsync(string search, CancellationToken cancellationToken) => database.RunAsync(
        connection => search.Length == 0
            ? connection.Query($"SELECT {Columns} FROM chats ORDER BY updated_at DESC", ReadChat)
            : connection.Query(
                $"""
                SELECT {Columns} FROM chats
                WHERE ifnull(title, automatic_title) LIKE $pattern ESCAPE '\'
                   OR EXISTS (SELECT 1 FROM chats_messages WHERE chat = chats.id AND content LIKE $pattern ESCAPE '\')
                ORDER BY updated_at DESC
                """,
                ReadChat,
                ("$pattern", $"%{search.Replace("\\", "\\\\").Replace("%", "\\%").Replace("_", "\\_")}%")),
        cancellationToken);

    public Task<(StoredChat Chat, List<StoredMessage> Messages)?> FindAsync(string id, CancellationToken cancellationToken) =>
        database.RunAsync<(StoredChat, List<StoredMessage>)?>(
            connection => Find(connection, id) is { } chat
                ? (chat, connection.Query(
                    "SELECT id, parent, role, content, meta, created_at FROM chats_messages WHERE chat = $id ORDER BY rowid", ReadMessage, ("$id", id)))
                : null,
            cancellationToken);

    /// <summary>Changes a chat, or makes it.</summary>
    public Task<StoredChat> SaveAsync(string id, ChatChange change, CancellationToken cancellationToken) => database.RunAsync(
        connection =>
        {
            connection.Execute(
                "INSERT INTO chats (id, settings, created_at, updated_at) VALUES ($id, '{}', $now, $now) ON CONFLICT (id) DO NOTHING",
                ("$id", id), ("$now", Now));
            if (change.SetTitle)
                connection.Execute("UPDATE chats SET title = $title WHERE id = $id", ("$id", id), ("$title", change.Title));
            if (change.Settings is { } settings)
                connection.Execute("UPDATE chats SET settings = $settings WHERE id = $id", ("$id", id), ("$settings", settings));
            if (change.SetLeaf)
                connection.Execute("UPDATE chats SET leaf = $leaf WHERE id = $id", ("$id", id), ("$leaf", change.Leaf));
            return Find(connection, id) ?? throw new InvalidOperationException("it was just put there");
        },
        cancellationToken);

    /// <summary>Adds a message, or replaces what it says. The first question names the chat.</summary>
    /// <returns>The chat; null when there is none of this id.</returns>
    public Task<StoredChat?> SaveMessageAsync(string id, StoredMessage message, CancellationToken cancellationToken) => database.RunAsync(
        connection =>
        {
            if (Find(connection, id) is not { } chat)
                return null;
            connection.Execute(
                """
                INSERT INTO chats_messages (chat, id, parent, role, content, meta, created_at)
                VALUES ($chat, $id, $parent, $role, $content, $meta, $now)
                ON CONFLICT (chat, id) DO UPDATE SET content = $content, meta = $meta
                """,
                ("$chat", id), ("$id", message.Id), ("$parent", message.Parent), ("$role", message.Role), ("$content", message.Content),
                ("$meta", message.Meta), ("$now", Now));
            var title = chat.AutomaticTitle ?? (message.Role == "user" ? ChatTitle.Of(message.Content) : null);
            connection.Execute(
                "UPDATE chats SET automatic_title = $title, updated_at = $now WHERE id = $id", ("$id", id), ("$title", title), ("$now", Now));
            return chat with { AutomaticTitle = title };
        },
        cancellationToken);

    /// <returns>False when there is none of this id.</returns>
    public Task<bool> RemoveAsync(string id, CancellationToken cancellationToken) => database.RunAsync(
        connection =>
        {
            connection.Execute("DELETE FROM chats_messages WHERE chat = $id", ("$id", id));
            return connection.Execute("DELETE FROM chats WHERE id = $id", ("$id", id)) > 0;
        },
        cancellationToken);

    private static StoredChat? Find(SqliteConnection connection, string id) =>
        connection.Query($"SELECT {Columns} FROM chats WHERE id = $id", ReadChat, ("$id", id)).SingleOrDefault();

    private static StoredChat ReadChat(SqliteDataReader row) => new(
        row.GetString(0), row.GetText(1), row.GetText(2), row.GetString(3), row.GetText(4), row.GetString(5), row.GetString(6), row.GetInt64(7));

    private static StoredMessage ReadMessage(SqliteDataReader row) => new(
        row.GetString(0), row.GetText(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetString(5));
}
