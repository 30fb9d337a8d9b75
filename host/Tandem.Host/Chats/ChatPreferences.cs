using Tandem.Host.Storage;

namespace Tandem.Host.Chats;

/// <summary>How the user likes the chat page; kept here, so that it is the same in every browser.</summary>
internal static class ChatPreferences
{
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("chat.visualise_draft_tokens", true, "Colours tokens that were accepted from a draft in the chat page."),
        new("chat.expand_to_window_width", false, "Lets a chat use the whole width of the window."),
        new("chat.automatic_names", true, "Names a chat by its first question until the user names it."),
        new("chat.expand_reasoning", false, "Shows reasoning blocks opened."),
    ];
}
