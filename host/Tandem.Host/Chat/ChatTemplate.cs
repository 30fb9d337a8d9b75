using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Tandem.Host.Chat.Jinja;
using Tandem.Host.Models;

namespace Tandem.Host.Chat;

/// <summary>Renders chats by the templates that models bring along. Parsed templates are kept by their text.</summary>
public sealed class ChatTemplate(TimeProvider time)
{
    // Templates are few; a host that meets more of them starts over.
    private const int MostKept = 64;

    private readonly ConcurrentDictionary<string, JinjaTemplate> _parsed = new(StringComparer.Ordinal);

    /// <param name="model">Whose template is used; its tokenizer gives <c>bos_token</c> and <c>eos_token</c>.</param>
    /// <param name="chat">What is rendered.</param>
    /// <param name="cancellationToken">Ends a rendering that nobody waits for.</param>
    public RenderResult Render(ModelEntry model, ChatPrompt chat, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(chat);
        if (model.Description is not { ChatTemplate: { Length: > 0 } source } description)
        {
            return Refuse(FailureCodes.NotSupported, $"{model.Key} has no chat template, so a chat cannot be put into its words.",
                "Ask for a model made for chat, or send a plain prompt to /v1/completions.");
        }
        var variables = new Dictionary<string, object?>();
        foreach (var (name, value) in chat.Arguments ?? [])
            variables[name] = ValueConverter.FromJson(value);
        variables["messages"] = new JinjaList(MessagesOf(chat).Select(ToValue));
        // An answer that has been begun with nothing is one that begins.
        var begun = chat is { ContinueFinalMessage: true, Messages: [.., var last] } ? (last.Content ?? "").Trim() : "";
        variables["add_generation_prompt"] = chat.AddGenerationPrompt && begun.Length == 0;
        variables["bos_token"] = Text.FromTemplate(description.Tokenizer?.BosText ?? "");
        variables["eos_token"] = Text.FromTemplate(description.Tokenizer?.EosText ?? "");
        try
        {
            var rendered = Parse(source).Render(variables, TemplateLimits.Default, time.GetLocalNow(), cancellationToken);
            return begun.Length > 0
                ? CutAfter(model.Key, rendered, chat.Messages[^1].Content!)
                : new RenderResult.Rendered(ToParts(rendered), ReasoningTags.LeavesOpen(rendered.Value));
        }
        catch (TemplateException exception)
        {
            return Explain(model.Key, exception);
        }
    }

    private static IEnumerable<ChatMessage> MessagesOf(ChatPrompt chat) =>
        chat is { ContinueFinalMessage: true, Messages: [.., { Content: var content }] } && string.IsNullOrWhiteSpace(content)
            ? chat.Messages.SkipLast(1)
            : chat.Messages;

    /// <summary>Ends the prompt behind the last message's text, without what the template adds after it and, where it trims, without spaces.</summary>
    private static RenderResult CutAfter(string key, Text rendered, string content)
    {
        var trimmed = content.Trim();
        var at = rendered.Value.LastIndexOf(trimmed, StringComparison.Ordinal);
        if (at < 0)
        {
            return Refuse(FailureCodes.InvalidValue, $"The last message cannot be continued: the chat template of {key} does not show its text as it is.",
                "Send a last message with a text, or leave 'continue_final_message' out.");
        }
        var whole = content.TrimStart();
        var end = at + (string.CompareOrdinal(rendered.Value, at, whole, 0, whole.Length) == 0 ? whole.Length : trimmed.Length);
        return new RenderResult.Rendered(ToParts(rendered.Slice(0, end)), ReasoningTags.LeavesOpen(content));
    }

    private JinjaTemplate Parse(string source)
    {
        if (_parsed.TryGetValue(source, out var known))
            return known;
        if (_parsed.Count >= MostKept)
            _parsed.Clear();
        return _parsed.GetOrAdd(source, JinjaTemplate.Parse);
    }

    private static RenderResult.Refused Explain(string key, TemplateException exception)
    {
        var place = $"the chat template of {key}, line {exception.Line}";
        return exception.Fault switch
        {
            TemplateFault.Raised => Refuse(FailureCodes.InvalidValue, $"The chat template of {key} refuses these messages: {exception.Message}",
                "Change the order or the roles of the messages."),
            TemplateFault.Unsupported => Refuse(FailureCodes.NotSupported, $"{place}, uses {exception.Message}, which is not supported."),
            TemplateFault.Syntax => Refuse(FailureCodes.NotSupported, $"{place}, cannot be read: {exception.Message}."),
            TemplateFault.Limit => Refuse(FailureCodes.NotSupported, $"{place}, was stopped: {exception.Message}."),
            _ => Refuse(FailureCodes.InvalidValue, $"{place}, failed on these messages: {exception.Message}.",
                "Check that every message has what the template reads."),
        };
    }

    private static RenderResult.Refused Refuse(string code, string message, string? nextStep = null) =>
        new(new Failure(code, char.ToUpperInvariant(message[0]) + message[1..], "messages", nextStep));

    private static object? ToValue(ChatMessage message)
    {
        var dict = new JinjaDict
        {
            // Templates make marks of the roles (<|user|>). Those that the API knows are no text of a user's.
            [Text.FromTemplate("role")] = Text.Make(message.Role, template: ChatMessage.Roles.Contains(message.Role)),
            [Text.FromTemplate("content")] = message.Content is null ? null : Text.FromData(message.Content),
        };
        foreach (var (name, value) in message.Fields ?? new Dictionary<string, JsonNode?>())
            dict[Text.FromData(name)] = ValueConverter.FromJson(value);
        return dict;
    }

    private static List<PromptPart> ToParts(Text text)
    {
        var parts = new List<PromptPart>(text.Runs.Length);
        var start = 0;
        foreach (var run in text.Runs)
        {
            parts.Add(new PromptPart(text.Value[start..run.End], run.Template));
            start = run.End;
        }
        return parts;
    }
}
