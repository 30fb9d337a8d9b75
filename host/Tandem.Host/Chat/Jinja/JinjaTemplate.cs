namespace Tandem.Host.Chat.Jinja;

/// <summary>A parsed template. Immutable: any number of threads may render it.</summary>
internal sealed class JinjaTemplate
{
    private readonly Block _body;

    private JinjaTemplate(Block body) => _body = body;

    /// <exception cref="TemplateException">The source is no template, or beyond this interpreter.</exception>
    public static JinjaTemplate Parse(string source) => new(StatementParser.Parse(source));

    /// <exception cref="TemplateException">With the line at which rendering ended.</exception>
    public Text Render(
        IReadOnlyDictionary<string, object?> variables, TemplateLimits limits, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var runtime = new Runtime(limits, now, cancellationToken);
        var outermost = new Frame(runtime, null);
        foreach (var (name, value) in variables)
            outermost.Set(name, value);
        var output = new TextBuilder();
        try
        {
            _body.Execute(new Frame(runtime, outermost), output);
            return output.ToText();
        }
        catch (TemplateException exception) when (exception.Line == 0)
        {
            exception.Line = runtime.Line;
            throw;
        }
    }
}
