namespace Tandem.Host.Chat.Jinja;

/// <summary>What kind of end a template came to.</summary>
internal enum TemplateFault
{
    /// <summary>The source is no valid template.</summary>
    Syntax,

    /// <summary>Valid, and beyond what this interpreter does.</summary>
    Unsupported,

    /// <summary>An operation its values do not have: an undefined name used, a text added to a list.</summary>
    Runtime,

    /// <summary>The template itself refused, by <c>raise_exception</c>.</summary>
    Raised,

    /// <summary>A limit on steps, depth or size.</summary>
    Limit,
}

/// <summary>
/// Ends parsing or rendering from any depth. <see cref="ChatTemplate"/> turns it into a result: it never leaves the folder.
/// </summary>
internal sealed class TemplateException(TemplateFault fault, string message, int line = 0) : Exception(message)
{
    public TemplateFault Fault { get; } = fault;

    /// <summary>Line of the template, from 1; 0 until it is known.</summary>
    public int Line { get; set; } = line;

    public static TemplateException Runtime(string message) => new(TemplateFault.Runtime, message);

    public static TemplateException Unsupported(string construct, int line = 0) => new(TemplateFault.Unsupported, construct, line);
}
