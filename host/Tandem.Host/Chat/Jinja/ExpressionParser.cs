using System.Globalization;
using System.Numerics;

namespace Tandem.Host.Chat.Jinja;

/// <summary>Expressions, by the precedence of Jinja: condition, or, and, not, comparison, + -, ~, * / // %, **, sign, postfix, filter and test.</summary>
internal sealed class ExpressionParser(TokenStream tokens)
{
    /// <summary>Every name that is read, for whoever needs to know what a macro's body uses.</summary>
    public event Action<string>? NameSeen;

    /// <summary>Filters and tests that there are not. Within a condition they end only the rendering that comes to them; elsewhere the template.</summary>
    public List<(string What, int Line)> Unknown { get; } = [];

    /// <summary>Forgets what was unknown in a part that turned out to be conditional.</summary>
    public void Tolerate(int knownBefore) => Unknown.RemoveRange(knownBefore, Unknown.Count - knownBefore);

    public Expression Parse() => tokens.Deeper(ParseCondition);

    /// <summary>An expression, or several with commas between: a tuple.</summary>
    public Expression ParseTuple(bool withCondition = true)
    {
        var line = tokens.Current.Line;
        var first = withCondition ? Parse() : tokens.Deeper(ParseOr);
        if (!tokens.Current.Is(","))
            return first;
        var items = new List<Expression> { first };
        while (tokens.Accept(",") && !EndsTuple())
            items.Add(withCondition ? Parse() : tokens.Deeper(ParseOr));
        return new ListLiteral(line, items, tuple: true);
    }

    /// <summary>Names a loop or an assignment writes to.</summary>
    public Target ParseTarget()
    {
        var line = tokens.Current.Line;
        var items = new List<Expression>();
        do
        {
            if (tokens.Current.Is("in") || tokens.Current.Is("=") || tokens.Current.Kind == TokenKind.BlockEnd)
                break;
            items.Add(ParseOneTarget());
        }
        while (tokens.Accept(","));
        return new Target(items.Count == 1 ? items[0] : new ListLiteral(line, items, tuple: true));
    }

    public List<Filter> ParseFilters()
    {
        var filters = new List<Filter>();
        while (tokens.Accept("|"))
            filters.Add(ParseFilter(null));
        return filters;
    }

    public Filter ParseFilter(Expression? target)
    {
        var name = tokens.Expect(TokenKind.Name);
        if (!Filters.IsKnown(name.Value))
            Unknown.Add(($"filter is named '{name.Value}'", name.Line));
        return new Filter(name.Line, target, name.Value, tokens.Current.Is("(") ? ParseArguments() : ArgumentList.None);
    }

    public ArgumentList ParseArguments()
    {
        var list = new ArgumentList([], []);
        tokens.Expect("(");
        while (!tokens.Current.Is(")"))
        {
            if (tokens.Accept("*"))
            {
                list = list with { Rest = Parse() };
            }
            else if (tokens.Accept("**"))
            {
                list = list with { NamedRest = Parse() };
            }
            else if (tokens.Current.Kind == TokenKind.Name && tokens.Ahead("="))
            {
                var name = tokens.Next.Value;
                _ = tokens.Next;
                if (list.Named.Exists(argument => argument.Name == name))
                    throw tokens.Fault($"argument '{name}' is given twice");
                list.Named.Add((name, Parse()));
            }
            else
            {
                if (list.Named.Count > 0)
                    throw tokens.Fault("an argument by place cannot follow one by name");
                list.Positional.Add(Parse());
            }
            if (!tokens.Accept(","))
                break;
        }
        tokens.Expect(")");
        return list;
    }

    private bool EndsTuple() => tokens.Current.Kind is TokenKind.BlockEnd or TokenKind.VariableEnd || tokens.Current.Is(")") || tokens.Current.Is("in");

    private Expression ParseOneTarget()
    {
        if (tokens.Accept("("))
        {
            var line = tokens.Current.Line;
            var items = new List<Expression>();
            do
                items.Add(tokens.Deeper(ParseOneTarget));
            while (tokens.Accept(","));
            tokens.Expect(")");
            return new ListLiteral(line, items, tuple: true);
        }
        var name = tokens.Expect(TokenKind.Name);
        if (name.Value is "true" or "false" or "none" or "True" or "False" or "None")
            throw new TemplateException(TemplateFault.Syntax, $"'{name.Value}' cannot be set", name.Line);
        var target = new Name(name.Line, name.Value);
        return tokens.Accept(".") ? new Member(name.Line, target, tokens.Expect(TokenKind.Name).Value) : target;
    }

    private Expression ParseCondition()
    {
        var before = Unknown.Count;
        var value = ParseOr();
        while (tokens.Current.Is("if"))
        {
            var line = tokens.Next.Line;
            var condition = ParseOr();
            value = new Conditional(line, condition, value, tokens.Accept("else") ? tokens.Deeper(ParseCondition) : null);
            Tolerate(before);
        }
        return value;
    }

    private Expression ParseOr()
    {
        var left = ParseAnd();
        while (tokens.Current.Is("or"))
            left = new Logical(tokens.Next.Line, false, left, ParseAnd());
        return left;
    }

    private Expression ParseAnd()
    {
        var left = ParseNot();
        while (tokens.Current.Is("and"))
            left = new Logical(tokens.Next.Line, true, left, ParseNot());
        return left;
    }

    private Expression ParseNot() => tokens.Current.Is("not")
        ? new Unary(tokens.Next.Line, "not", tokens.Deeper(ParseNot))
        : ParseComparison();

    private Expression ParseComparison()
    {
        var line = tokens.Current.Line;
        var first = ParseSum();
        var rest = new List<(string, Expression)>();
        while (ComparisonAhead() is { } operation)
            rest.Add((operation, ParseSum()));
        return rest.Count == 0 ? first : new Comparison(line, first, rest);
    }

    private string? ComparisonAhead()
    {
        var token = tokens.Current;
        if (token.Kind == TokenKind.Operator && token.Value is "==" or "!=" or "<" or "<=" or ">" or ">=")
            return tokens.Next.Value;
        if (tokens.Accept("in"))
            return "in";
        if (!token.Is("not") || !tokens.Ahead("in"))
            return null;
        _ = tokens.Next;
        _ = tokens.Next;
        return "not in";
    }

    private Expression ParseSum()
    {
        var left = ParseConcatenation();
        while (tokens.Current is { Kind: TokenKind.Operator, Value: "+" or "-" })
        {
            var operation = tokens.Next;
            left = new Binary(operation.Line, operation.Value, left, ParseConcatenation());
        }
        return left;
    }

    private Expression ParseConcatenation()
    {
        var line = tokens.Current.Line;
        var parts = new List<Expression> { ParseProduct() };
        while (tokens.Accept("~"))
            parts.Add(ParseProduct());
        return parts.Count == 1 ? parts[0] : new Concatenation(line, parts);
    }

    private Expression ParseProduct()
    {
        var left = ParsePower();
        while (tokens.Current is { Kind: TokenKind.Operator, Value: "*" or "/" or "//" or "%" })
        {
            var operation = tokens.Next;
            left = new Binary(operation.Line, operation.Value, left, ParsePower());
        }
        return left;
    }

    private Expression ParsePower()
    {
        var left = ParseSign(true);
        while (tokens.Current.Is("**"))
            left = new Binary(tokens.Next.Line, "**", left, ParseSign(true));
        return left;
    }

    private Expression ParseSign(bool withFilters)
    {
        var token = tokens.Current;
        Expression value;
        if (token is { Kind: TokenKind.Operator, Value: "-" or "+" })
        {
            _ = tokens.Next;
            value = new Unary(token.Line, token.Value, tokens.Deeper(() => ParseSign(false)));
        }
        else
        {
            value = ParsePostfix(ParsePrimary());
        }
        return withFilters ? ParseFiltersAndTests(value) : value;
    }

    private Expression ParsePostfix(Expression value)
    {
        while (true)
        {
            var line = tokens.Current.Line;
            if (tokens.Accept("."))
                value = ParseMember(value, line);
            else if (tokens.Accept("["))
                value = ParseSubscript(value, line);
            else if (tokens.Current.Is("("))
                value = new Call(line, value, ParseArguments());
            else
                return value;
        }
    }

    private Expression ParseMember(Expression value, int line) => tokens.Current.Kind == TokenKind.Integer
        ? new Subscript(line, value, ParsePrimary())
        : new Member(line, value, tokens.Expect(TokenKind.Name).Value);

    private Expression ParseSubscript(Expression value, int line)
    {
        var start = tokens.Current.Is(":") ? null : ParseTuple();
        if (start is not null && tokens.Accept("]"))
            return new Subscript(line, value, start);
        tokens.Expect(":");
        var stop = tokens.Current.Is(":") || tokens.Current.Is("]") ? null : Parse();
        var step = tokens.Accept(":") && !tokens.Current.Is("]") ? Parse() : null;
        tokens.Expect("]");
        return new SliceOf(line, value, start, stop, step);
    }

    private Expression ParseFiltersAndTests(Expression value)
    {
        while (true)
        {
            if (tokens.Accept("|"))
                value = ParseFilter(value);
            else if (tokens.Current.Is("is"))
                value = ParseTest(value);
            else if (tokens.Current.Is("("))
                value = new Call(tokens.Current.Line, value, ParseArguments());
            else
                return value;
        }
    }

    private Test ParseTest(Expression value)
    {
        var line = tokens.Next.Line;
        var negated = tokens.Accept("not");
        var name = tokens.Expect(TokenKind.Name).Value;
        if (!Tests.IsKnown(name))
            Unknown.Add(($"test is named '{name}'", line));
        var arguments = ArgumentList.None;
        if (tokens.Current.Is("("))
            arguments = ParseArguments();
        else if (TestArgumentAhead())
            arguments = new ArgumentList([ParsePostfix(ParsePrimary())], []);
        return new Test(line, value, name, arguments, negated);
    }

    private bool TestArgumentAhead() => tokens.Current.Kind switch
    {
        TokenKind.Name => tokens.Current.Value is not ("else" or "or" or "and"),
        TokenKind.Text or TokenKind.Integer or TokenKind.Float => true,
        TokenKind.Operator => tokens.Current.Value is "[" or "{",
        _ => false,
    };

    private void Seen(string name) => NameSeen?.Invoke(name);

    private Expression ParsePrimary()
    {
        var token = tokens.Next;
        switch (token.Kind)
        {
            case TokenKind.Name:
                return ParseName(token);
            case TokenKind.Text:
                var text = token.Value;
                while (tokens.Current.Kind == TokenKind.Text)
                    text += tokens.Next.Value;
                return new Literal(token.Line, Text.FromTemplate(text));
            case TokenKind.Integer:
                return new Literal(token.Line, Whole(token.Value));
            case TokenKind.Float:
                return new Literal(token.Line, double.Parse(token.Value, CultureInfo.InvariantCulture));
            case TokenKind.Operator when token.Value == "(":
                return ParseParentheses(token.Line);
            case TokenKind.Operator when token.Value == "[":
                return new ListLiteral(token.Line, ParseItems("]"), tuple: false);
            case TokenKind.Operator when token.Value == "{":
                return ParseDict(token.Line);
            default:
                throw new TemplateException(TemplateFault.Syntax, $"an expression is expected, and '{token.Value}' is there", token.Line);
        }
    }

    private static object Whole(string digits)
    {
        var radix = digits.Length > 2 && digits[0] == '0' ? char.ToLowerInvariant(digits[1]) : '0';
        return radix switch
        {
            'x' => Arithmetic.Shrink(BigInteger.Parse("0" + digits[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)),
            'b' => Arithmetic.Shrink(BigInteger.Parse("0" + digits[2..], NumberStyles.AllowBinarySpecifier, CultureInfo.InvariantCulture)),
            'o' => Arithmetic.Shrink(digits[2..].Aggregate(BigInteger.Zero, (sum, digit) => (sum * 8) + (digit - '0'))),
            _ => Arithmetic.Shrink(BigInteger.Parse(digits, CultureInfo.InvariantCulture)),
        };
    }

    private Expression ParseName(Token token)
    {
        Seen(token.Value);
        return Named(token);
    }

    private static Expression Named(Token token) => token.Value switch
    {
        "true" or "True" => new Literal(token.Line, true),
        "false" or "False" => new Literal(token.Line, false),
        "none" or "None" => new Literal(token.Line, null),
        _ => new Name(token.Line, token.Value),
    };

    private Expression ParseParentheses(int line)
    {
        if (tokens.Accept(")"))
            return new ListLiteral(line, [], tuple: true);
        var value = ParseTuple();
        tokens.Expect(")");
        return value;
    }

    private List<Expression> ParseItems(string close)
    {
        var items = new List<Expression>();
        while (!tokens.Current.Is(close))
        {
            items.Add(Parse());
            if (!tokens.Accept(","))
                break;
        }
        tokens.Expect(close);
        return items;
    }

    private DictLiteral ParseDict(int line)
    {
        var entries = new List<(Expression, Expression)>();
        while (!tokens.Current.Is("}"))
        {
            var key = Parse();
            tokens.Expect(":");
            entries.Add((key, Parse()));
            if (!tokens.Accept(","))
                break;
        }
        tokens.Expect("}");
        return new DictLiteral(line, entries);
    }
}
