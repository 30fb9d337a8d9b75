using System.Text.Json.Nodes;

namespace Tandem.Host.Chat;

/// <summary>One message of a chat as a template sees it.</summary>
/// <param name="Role">system, user, assistant, tool, …</param>
/// <param name="Content">Text; null when the message has only tool calls.</param>
/// <param name="Fields">Further fields of the message by their name on the wire (<c>tool_calls</c>, <c>name</c>, …).</param>
public sealed record ChatMessage(string Role, string? Content, IReadOnlyDictionary<string, JsonNode?>? Fields = null)
{
    /// <summary>The roles that a message can have.</summary>
    public static IReadOnlySet<string> Roles { get; } = new HashSet<string> { "system", "developer", "user", "assistant", "tool" };
}

/// <summary>A piece of a rendered prompt.</summary>
/// <param name="Text">The text.</param>
/// <param name="FromTemplate">True when the template wrote it: only then may marks in it become control tokens.</param>
public readonly record struct PromptPart(string Text, bool FromTemplate);

/// <summary>A chat to be put into a model's words.</summary>
/// <param name="Messages">In order; roles are as the template knows them.</param>
public sealed record ChatPrompt(IReadOnlyList<ChatMessage> Messages)
{
    /// <summary>The prompt ends where the assistant's answer begins.</summary>
    public bool AddGenerationPrompt { get; init; } = true;

    /// <summary>The prompt ends inside the last message, which the answer goes on with; no generation prompt then.</summary>
    public bool ContinueFinalMessage { get; init; }

    /// <summary>Further variables of the template: <c>enable_thinking</c>, <c>reasoning_effort</c>, …</summary>
    public JsonObject? Arguments { get; init; }
}

/// <summary>Outcome of rendering a chat.</summary>
public abstract record RenderResult
{
    /// <param name="InsideReasoning">The prompt leaves a <c>&lt;think&gt;</c> open: what follows is reasoning until it is closed.</param>
    public sealed record Rendered(IReadOnlyList<PromptPart> Parts, bool InsideReasoning = false) : RenderResult;

    public sealed record Refused(Failure Failure) : RenderResult;
}
