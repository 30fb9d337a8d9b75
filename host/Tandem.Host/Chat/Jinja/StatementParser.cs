namespace Tandem.Host.Chat.Jinja;

/// <summary>Statements up to the end of the template or of a block.</summary>
internal sealed class StatementParser
{
    private readonly TokenStream _tokens;
    private readonly ExpressionParser _expressions;
    private readonly HashSet<string> _blocks = new(StringComparer.Ordinal);

    // Names read inside each macro that is open.
    private readonly Stack<HashSet<string>> _macros = new();
    private int _loops;

    private StatementParser(TokenStream tokens)
    {
        _tokens = tokens;
        _expressions = new ExpressionParser(tokens);
        _expressions.NameSeen += name =>
        {
            foreach (var names in _macros)
                names.Add(name);
        };
    }

    public static Block Parse(string source)
    {
        var parser = new StatementParser(new TokenStream(Lexer.Tokenize(source)));
        var body = parser.ParseBody();
        return parser._expressions.Unknown is [var (what, line), ..] ? throw new TemplateException(TemplateFault.Syntax, "no " + what, line) : body;
    }

    /// <summary>Statements until one of the words that may end them; the word stays.</summary>
    private Block ParseBody(params string[] ends)
    {
        var line = _tokens.Current.Line;
        var statements = new List<Statement>();
        while (_tokens.Current.Kind != TokenKind.End)
        {
            var token = _tokens.Next;
            switch (token.Kind)
            {
                case TokenKind.Data:
                    statements.Add(new DataStatement(token.Line, token.Value));
                    break;
                case TokenKind.VariableBegin:
                    statements.Add(new Output(token.Line, _expressions.ParseTuple()));
                    _tokens.Expect(TokenKind.VariableEnd);
                    break;
                default:
                    if (Array.Exists(ends, end => _tokens.Current.Is(end)))
                        return new Block(line, statements);
                    statements.Add(_tokens.Deeper(ParseStatement));
                    _tokens.Expect(TokenKind.BlockEnd);
                    break;
            }
        }
        return ends.Length == 0 ? new Block(line, statements) : throw _tokens.Fault($"'{ends[^1]}' is missing for line {line}");
    }

    private Statement ParseStatement()
    {
        var word = _tokens.Expect(TokenKind.Name);
        return word.Value switch
        {
            "if" => ParseIf(word.Line),
            "for" => ParseFor(word.Line),
            "set" => ParseSet(word.Line),
            "macro" => ParseMacro(word.Line),
            "call" => ParseCall(word.Line),
            "filter" => ParseFilter(word.Line),
            "with" => ParseWith(word.Line),
            // Marks what the model wrote; it renders as its body.
            "generation" => new Scope(word.Line, [], ParseEnded("endgeneration")),
            "block" => ParseBlock(word.Line),
            "break" when _loops > 0 => new LoopControl(word.Line, Flow.Break),
            "continue" when _loops > 0 => new LoopControl(word.Line, Flow.Continue),
            "extends" or "include" or "import" or "from" or "autoescape" =>
                throw TemplateException.Unsupported($"the statement '{word.Value}'", word.Line),
            _ => throw new TemplateException(TemplateFault.Syntax, $"'{word.Value}' is no statement or stands at the wrong place", word.Line),
        };
    }

    /// <summary>The body of a statement, and the word that ends it.</summary>
    private Block ParseEnded(string end)
    {
        var body = ParseInner(end);
        _tokens.Expect(end);
        return body;
    }

    private Block ParseInner(params string[] ends)
    {
        _tokens.Expect(TokenKind.BlockEnd);
        return ParseBody(ends);
    }

    private If ParseIf(int line)
    {
        var branches = new List<(Expression, Block)>();
        var known = _expressions.Unknown.Count;
        do
        {
            var condition = _expressions.ParseTuple();
            branches.Add((condition, ParseInner("elif", "else", "endif")));
        }
        while (_tokens.Accept("elif"));
        var otherwise = _tokens.Accept("else") ? ParseInner("endif") : null;
        _tokens.Expect("endif");
        _expressions.Tolerate(known);
        return new If(line, branches, otherwise);
    }

    private For ParseFor(int line)
    {
        var target = _expressions.ParseTarget();
        _tokens.Expect("in");
        var source = _expressions.ParseTuple(withCondition: false);
        var condition = _tokens.Accept("if") ? _expressions.Parse() : null;
        var recursive = _tokens.Accept("recursive");
        _loops++;
        var body = ParseInner("else", "endfor");
        _loops--;
        var otherwise = _tokens.Accept("else") ? ParseInner("endfor") : null;
        _tokens.Expect("endfor");
        return new For(line, target, source, condition, body, otherwise, recursive);
    }

    private Statement ParseSet(int line)
    {
        var target = _expressions.ParseTarget();
        if (_tokens.Accept("="))
            return new Set(line, target, _expressions.ParseTuple());
        var filters = _expressions.ParseFilters();
        return new SetBlock(line, target, filters, ParseEnded("endset"));
    }

    private Macro ParseMacro(int line)
    {
        var name = _tokens.Expect(TokenKind.Name).Value;
        var parameters = ParseParameters();
        var (body, uses) = ParseMacroBody("endmacro");
        return new Macro(line, name, parameters, new MacroBody(body, uses));
    }

    private CallBlock ParseCall(int line)
    {
        var parameters = _tokens.Current.Is("(") ? ParseParameters() : new Parameters([]);
        if (_expressions.Parse() is not Call call)
            throw new TemplateException(TemplateFault.Syntax, "a call block needs a call", line);
        var (body, uses) = ParseMacroBody("endcall");
        return new CallBlock(line, parameters, call, new MacroBody(body, uses));
    }

    private (Block Body, IReadOnlySet<string> Names) ParseMacroBody(string end)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        _macros.Push(names);
        var loops = _loops;
        _loops = 0;
        var body = ParseEnded(end);
        _loops = loops;
        _macros.Pop();
        return (body, names);
    }

    private TemplateBlock ParseBlock(int line)
    {
        var name = _tokens.Expect(TokenKind.Name).Value;
        if (!_blocks.Add(name))
            throw new TemplateException(TemplateFault.Syntax, $"the block '{name}' is there twice", line);
        var scoped = _tokens.Accept("scoped");
        if (_tokens.Current.Is("required"))
            throw TemplateException.Unsupported("a required block", line);
        var body = ParseEnded("endblock");
        _tokens.Accept(name);
        return new TemplateBlock(line, scoped, body);
    }

    private Parameters ParseParameters()
    {
        var parameters = new List<(string, Expression?)>();
        _tokens.Expect("(");
        while (!_tokens.Current.Is(")"))
        {
            var name = _tokens.Expect(TokenKind.Name).Value;
            var byDefault = _tokens.Accept("=") ? _expressions.Parse() : null;
            if (byDefault is null && parameters is [.., (_, not null)])
                throw _tokens.Fault("a parameter without default cannot follow one with a default");
            parameters.Add((name, byDefault));
            if (!_tokens.Accept(","))
                break;
        }
        _tokens.Expect(")");
        return new Parameters(parameters);
    }

    private FilterBlock ParseFilter(int line)
    {
        var filters = new List<Filter> { _expressions.ParseFilter(null) };
        filters.AddRange(_expressions.ParseFilters());
        return new FilterBlock(line, filters, ParseEnded("endfilter"));
    }

    private Scope ParseWith(int line)
    {
        var variables = new List<(string, Expression)>();
        while (_tokens.Current.Kind == TokenKind.Name)
        {
            var name = _tokens.Next.Value;
            _tokens.Expect("=");
            variables.Add((name, _expressions.Parse()));
            if (!_tokens.Accept(","))
                break;
        }
        return new Scope(line, variables, ParseEnded("endwith"));
    }
}
