namespace Tandem.Host.Chat;

/// <summary>The marks between which models think.</summary>
internal static class ReasoningTags
{
    public const string Open = "<think>";
    public const string Close = "</think>";

    /// <summary>The text ends between the two.</summary>
    public static bool LeavesOpen(string text) =>
        text.LastIndexOf(Open, StringComparison.Ordinal) is var open and >= 0 && text.IndexOf(Close, open, StringComparison.Ordinal) < 0;
}
