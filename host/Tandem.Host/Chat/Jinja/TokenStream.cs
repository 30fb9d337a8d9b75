namespace Tandem.Host.Chat.Jinja;

/// <summary>The tokens of a template with a place in them.</summary>
internal sealed class TokenStream(List<Token> tokens)
{
    // Deeper than any template, and far from the end of a thread's stack.
    private const int MaxDepth = 200;
    private int _position;
    private int _depth;

    public Token Current => tokens[_position];

    public Token Next
    {
        get
        {
            var token = tokens[_position];
            if (_position < tokens.Count - 1)
                _position++;
            return token;
        }
    }

    public bool Ahead(string value) => _position + 1 < tokens.Count && tokens[_position + 1].Is(value);

    public bool Accept(string value)
    {
        if (!Current.Is(value))
            return false;
        _ = Next;
        return true;
    }

    public Token Expect(string value) => Current.Is(value) ? Next : throw Fault($"'{value}' is expected");

    public Token Expect(TokenKind kind) => Current.Kind == kind ? Next : throw Fault($"{kind} is expected");

    public TemplateException Fault(string message) => new(TemplateFault.Syntax, $"{message}, and {Describe(Current)} is there", Current.Line);

    /// <summary>Guards the recursion of the parser.</summary>
    public T Deeper<T>(Func<T> parse)
    {
        if (++_depth > MaxDepth)
            throw new TemplateException(TemplateFault.Limit, $"it nests deeper than {MaxDepth} levels", Current.Line);
        var result = parse();
        _depth--;
        return result;
    }

    private static string Describe(Token token) => token.Kind switch
    {
        TokenKind.End => "the end of the template",
        TokenKind.BlockEnd => "the end of the block",
        TokenKind.VariableEnd => "the end of the expression",
        TokenKind.Data => "text",
        _ => $"'{token.Value}'",
    };
}
