namespace Tandem.Host.Chat.Jinja;

/// <summary>A node that has a value.</summary>
internal abstract class Expression(int line)
{
    public int Line { get; } = line;

    public object? Evaluate(Frame frame)
    {
        frame.Runtime.Enter(Line);
        var value = Compute(frame);
        frame.Runtime.Leave();
        return value;
    }

    protected abstract object? Compute(Frame frame);
}

internal sealed class Literal(int line, object? value) : Expression(line)
{
    public object? Value => value;

    protected override object? Compute(Frame frame) => value;
}

internal sealed class Name(int line, string name) : Expression(line)
{
    public string Value => name;

    protected override object? Compute(Frame frame) => frame.Get(name);
}

internal sealed class ListLiteral(int line, List<Expression> items, bool tuple) : Expression(line)
{
    public IReadOnlyList<Expression> Items => items;

    protected override object? Compute(Frame frame)
    {
        var values = items.Select(item => item.Evaluate(frame)).ToList();
        return tuple ? new JinjaTuple(values) : new JinjaList(values);
    }
}

internal sealed class DictLiteral(int line, List<(Expression Key, Expression Value)> entries) : Expression(line)
{
    protected override object? Compute(Frame frame)
    {
        var dict = new JinjaDict();
        foreach (var (key, value) in entries)
            dict[JinjaDict.Key(key.Evaluate(frame))] = value.Evaluate(frame);
        return dict;
    }
}

internal sealed class Member(int line, Expression target, string name) : Expression(line)
{
    public Expression Target => target;

    public string Value => name;

    protected override object? Compute(Frame frame) => Members.Attribute(frame.Runtime, target.Evaluate(frame), name);
}

internal sealed class Subscript(int line, Expression target, Expression index) : Expression(line)
{
    protected override object? Compute(Frame frame) => Members.Item(frame.Runtime, target.Evaluate(frame), index.Evaluate(frame));
}

internal sealed class SliceOf(int line, Expression target, Expression? start, Expression? stop, Expression? step) : Expression(line)
{
    protected override object? Compute(Frame frame) =>
        Members.Slice(frame.Runtime, target.Evaluate(frame), Bound(start, frame), Bound(stop, frame), Bound(step, frame));

    private static long? Bound(Expression? bound, Frame frame) => bound?.Evaluate(frame) switch
    {
        null => null,
        var value when Operations.IsWhole(value) => Operations.Whole(value),
        _ => throw TemplateException.Runtime("slice indices must be integers or None"),
    };
}

/// <summary>Arguments as written: by place, by name, <c>*list</c> and <c>**dict</c>.</summary>
internal sealed record ArgumentList(List<Expression> Positional, List<(string Name, Expression Value)> Named)
{
    public static ArgumentList None { get; } = new([], []);

    public Expression? Rest { get; init; }

    public Expression? NamedRest { get; init; }

    public Arguments Evaluate(Frame frame)
    {
        List<object?> positional = [.. Positional.Select(argument => argument.Evaluate(frame))];
        var named = Named.ToDictionary(argument => argument.Name, argument => argument.Value.Evaluate(frame));
        if (Rest?.Evaluate(frame) is { } rest)
            positional.AddRange(Operations.Iterate(rest));
        if (NamedRest?.Evaluate(frame) is { } namedRest)
        {
            foreach (var (name, value) in Members.Named(namedRest))
            {
                if (!named.TryAdd(name, value))
                    throw TemplateException.Runtime($"got multiple values for keyword argument '{name}'");
            }
        }
        return new Arguments(positional, named);
    }
}

internal sealed class Call(int line, Expression target, ArgumentList arguments) : Expression(line)
{
    /// <summary>The call with one more argument: the body of a call block.</summary>
    public object? Invoke(Frame frame, Function? caller)
    {
        var function = target.Evaluate(frame);
        var values = arguments.Evaluate(frame);
        if (caller is not null)
            values.Named["caller"] = caller;
        return function switch
        {
            Function callable => callable.Call(frame.Runtime, values),
            LoopState loop => loop.Call(frame.Runtime, values),
            Undefined undefined => throw undefined.Fault(),
            _ => throw TemplateException.Runtime($"'{Operations.TypeName(function)}' object is not callable"),
        };
    }

    protected override object? Compute(Frame frame) => Invoke(frame, null);
}

internal sealed class Filter(int line, Expression? target, string name, ArgumentList arguments) : Expression(line)
{
    /// <summary>Applies the filter to a value of a block, which stands where no expression does.</summary>
    public object? Apply(Frame frame, object? value) => Filters.Apply(frame.Runtime, name, value, arguments.Evaluate(frame));

    protected override object? Compute(Frame frame) => Apply(frame, target?.Evaluate(frame));
}

internal sealed class Test(int line, Expression target, string name, ArgumentList arguments, bool negated) : Expression(line)
{
    protected override object? Compute(Frame frame) =>
        Tests.Check(name, target.Evaluate(frame), arguments.Evaluate(frame)) != negated;
}

internal sealed class Unary(int line, string operation, Expression operand) : Expression(line)
{
    protected override object? Compute(Frame frame)
    {
        var value = operand.Evaluate(frame);
        return operation switch
        {
            "not" => !Operations.IsTrue(value),
            "-" => Operations.Negate(value),
            _ => value is bool flag ? Operations.Whole(flag) : Operations.Number(value) is not null ? value : Operations.Negate(value),
        };
    }
}

internal sealed class Binary(int line, string operation, Expression left, Expression right) : Expression(line)
{
    protected override object? Compute(Frame frame) => Operations.Binary(frame.Runtime, operation, left.Evaluate(frame), right.Evaluate(frame));
}

internal sealed class Logical(int line, bool and, Expression left, Expression right) : Expression(line)
{
    protected override object? Compute(Frame frame)
    {
        var value = left.Evaluate(frame);
        return Operations.IsTrue(value) == and ? right.Evaluate(frame) : value;
    }
}

/// <summary>Texts joined by <c>~</c>.</summary>
internal sealed class Concatenation(int line, List<Expression> parts) : Expression(line)
{
    protected override object? Compute(Frame frame)
    {
        var output = new TextBuilder();
        foreach (var part in parts)
        {
            output.Append(TextFormat.ToText(frame.Runtime, part.Evaluate(frame)));
            frame.Runtime.ChargeText(output.Length);
        }
        return output.ToText();
    }
}

/// <summary><c>a &lt; b &lt;= c</c>: every neighbouring pair must hold.</summary>
internal sealed class Comparison(int line, Expression first, List<(string Operation, Expression Operand)> rest) : Expression(line)
{
    protected override object? Compute(Frame frame)
    {
        var left = first.Evaluate(frame);
        foreach (var (operation, operand) in rest)
        {
            var right = operand.Evaluate(frame);
            if (!Holds(operation, left, right))
                return false;
            left = right;
        }
        return true;
    }

    private static bool Holds(string operation, object? left, object? right) => operation switch
    {
        "==" => Operations.AreEqual(left, right),
        "!=" => !Operations.AreEqual(left, right),
        "in" => Operations.Contains(right, left),
        "not in" => !Operations.Contains(right, left),
        "<" => Operations.Compare(left, right, operation) < 0,
        "<=" => Operations.Compare(left, right, operation) <= 0,
        ">" => Operations.Compare(left, right, operation) > 0,
        _ => Operations.Compare(left, right, operation) >= 0,
    };
}

internal sealed class Conditional(int line, Expression condition, Expression then, Expression? otherwise) : Expression(line)
{
    protected override object? Compute(Frame frame) => Operations.IsTrue(condition.Evaluate(frame))
        ? then.Evaluate(frame)
        : otherwise is null ? new Undefined("the inline if-expression evaluated to false and no else section was defined") : otherwise.Evaluate(frame);
}
