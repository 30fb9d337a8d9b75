namespace Tandem.Host.Chat.Jinja;

/// <summary>How a statement ended.</summary>
internal enum Flow
{
    Next,
    Break,
    Continue,
}

/// <summary>A node that writes.</summary>
internal abstract class Statement(int line)
{
    public int Line { get; } = line;

    public Flow Execute(Frame frame, TextBuilder output)
    {
        frame.Runtime.Enter(Line);
        var flow = Run(frame, output);
        frame.Runtime.Leave();
        return flow;
    }

    protected abstract Flow Run(Frame frame, TextBuilder output);
}

internal sealed class Block(int line, List<Statement> statements) : Statement(line)
{
    protected override Flow Run(Frame frame, TextBuilder output)
    {
        foreach (var statement in statements)
        {
            if (statement.Execute(frame, output) is var flow and not Flow.Next)
                return flow;
        }
        return Flow.Next;
    }
}

internal sealed class DataStatement(int line, string text) : Statement(line)
{
    private readonly Text _text = Text.FromTemplate(text);

    protected override Flow Run(Frame frame, TextBuilder output)
    {
        Output.Write(frame, output, _text);
        return Flow.Next;
    }
}

internal sealed class Output(int line, Expression expression) : Statement(line)
{
    public static void Write(Frame frame, TextBuilder output, Text text)
    {
        frame.Runtime.ChargeText((long)output.Length + text.Length);
        output.Append(text);
    }

    protected override Flow Run(Frame frame, TextBuilder output)
    {
        Write(frame, output, TextFormat.ToText(frame.Runtime, expression.Evaluate(frame)));
        return Flow.Next;
    }
}

internal sealed class If(int line, List<(Expression Condition, Block Body)> branches, Block? otherwise) : Statement(line)
{
    protected override Flow Run(Frame frame, TextBuilder output)
    {
        foreach (var (condition, body) in branches)
        {
            if (Operations.IsTrue(condition.Evaluate(frame)))
                return body.Execute(frame, output);
        }
        return otherwise?.Execute(frame, output) ?? Flow.Next;
    }
}

/// <summary>Where a value goes: one name, several, or an entry of a namespace.</summary>
internal sealed class Target(Expression expression)
{
    public void Assign(Frame frame, object? value)
    {
        switch (expression)
        {
            case Name name:
                frame.Set(name.Value, value);
                break;
            case ListLiteral names:
                var values = Operations.Iterate(value).ToList();
                if (values.Count != names.Items.Count)
                    throw TemplateException.Runtime($"{values.Count} values cannot be assigned to {names.Items.Count} names");
                for (var i = 0; i < values.Count; i++)
                    new Target(names.Items[i]).Assign(frame, values[i]);
                break;
            case Member { Target: Name owner } member when frame.Get(owner.Value) is Namespace space:
                space.Values[member.Value] = value;
                break;
            default:
                throw TemplateException.Runtime("only names and entries of a namespace can be set");
        }
    }
}

internal sealed class Set(int line, Target target, Expression value) : Statement(line)
{
    protected override Flow Run(Frame frame, TextBuilder output)
    {
        target.Assign(frame, value.Evaluate(frame));
        return Flow.Next;
    }
}

/// <summary><c>{% set x %}…{% endset %}</c>, with filters.</summary>
internal sealed class SetBlock(int line, Target target, List<Filter> filters, Block body) : Statement(line)
{
    protected override Flow Run(Frame frame, TextBuilder output)
    {
        var text = new TextBuilder();
        body.Execute(new Frame(frame.Runtime, frame), text);
        target.Assign(frame, filters.Aggregate((object?)text.ToText(), (value, filter) => filter.Apply(frame, value)));
        return Flow.Next;
    }
}

/// <summary><c>{% filter f %}…{% endfilter %}</c>.</summary>
internal sealed class FilterBlock(int line, List<Filter> filters, Block body) : Statement(line)
{
    protected override Flow Run(Frame frame, TextBuilder output)
    {
        var text = new TextBuilder();
        body.Execute(new Frame(frame.Runtime, frame), text);
        var value = filters.Aggregate((object?)text.ToText(), (value, filter) => filter.Apply(frame, value));
        Output.Write(frame, output, TextFormat.ToText(frame.Runtime, value));
        return Flow.Next;
    }
}

/// <summary>A body with a scope of its own: <c>with</c>, <c>generation</c>.</summary>
internal sealed class Scope(int line, List<(string Name, Expression Value)> variables, Block body) : Statement(line)
{
    protected override Flow Run(Frame frame, TextBuilder output)
    {
        var inner = new Frame(frame.Runtime, frame);
        foreach (var (name, value) in variables)
            inner.Set(name, value.Evaluate(frame));
        return body.Execute(inner, output);
    }
}

internal sealed class LoopControl(int line, Flow flow) : Statement(line)
{
    protected override Flow Run(Frame frame, TextBuilder output) => flow;
}

internal sealed class For(int line, Target target, Expression source, Expression? condition, Block body, Block? otherwise, bool recursive)
    : Statement(line)
{
    protected override Flow Run(Frame frame, TextBuilder output)
    {
        Loop(frame, output, source.Evaluate(frame), 1);
        return Flow.Next;
    }

    private void Loop(Frame frame, TextBuilder output, object? over, int depth)
    {
        var items = Items(frame, over);
        Func<object?, Text>? again = recursive ? inner => Again(frame, inner, depth) : null;
        var loop = new LoopState(items, depth, again);
        for (; loop.Index < items.Count; loop.Index++)
        {
            var inner = new Frame(frame.Runtime, frame);
            inner.Set("loop", loop);
            target.Assign(inner, items[loop.Index]);
            if (body.Execute(inner, output) == Flow.Break)
                break;
        }
        if (items.Count == 0)
            otherwise?.Execute(new Frame(frame.Runtime, frame), output);
    }

    private Text Again(Frame frame, object? over, int depth)
    {
        frame.Runtime.Enter(Line);
        var output = new TextBuilder();
        Loop(frame, output, over, depth + 1);
        frame.Runtime.Leave();
        return output.ToText();
    }

    /// <summary>Counted while they come: a generator need not end soon.</summary>
    private List<object?> Items(Frame frame, object? over)
    {
        var items = new List<object?>();
        foreach (var item in Operations.Iterate(over))
        {
            frame.Runtime.Charge(1);
            if (condition is null || Passes(frame, item))
                items.Add(item);
        }
        return items;
    }

    private bool Passes(Frame frame, object? item)
    {
        var inner = new Frame(frame.Runtime, frame);
        target.Assign(inner, item);
        return condition is null || Operations.IsTrue(condition.Evaluate(inner));
    }
}

/// <summary>The variable <c>loop</c>.</summary>
internal sealed class LoopState(List<object?> items, int depth, Func<object?, Text>? again)
{
    private object? _last;
    private bool _hasLast;

    public int Index { get; set; }

    /// <summary><c>loop(items)</c> in a recursive loop: its body once more, over others.</summary>
    public object? Call(Runtime runtime, Arguments arguments)
    {
        runtime.Charge(1);
        return again is null
            ? throw TemplateException.Runtime("The loop must have the 'recursive' marker to be called recursively.")
            : again(arguments.Require(0, "iterable", "loop"));
    }

    public object? Get(string name) => name switch
    {
        "index" => (long)Index + 1,
        "index0" => (long)Index,
        "revindex" => (long)items.Count - Index,
        "revindex0" => (long)items.Count - Index - 1,
        "first" => Index == 0,
        "last" => Index == items.Count - 1,
        "length" => (long)items.Count,
        "depth" => (long)depth,
        "depth0" => (long)depth - 1,
        "previtem" => Index > 0 ? items[Index - 1] : new Undefined("there is no previous item"),
        "nextitem" => Index + 1 < items.Count ? items[Index + 1] : new Undefined("there is no next item"),
        "cycle" => new Function("cycle", (_, arguments) => arguments.Positional.Count == 0
            ? throw TemplateException.Runtime("no items for cycling given")
            : arguments.Positional[Index % arguments.Positional.Count]),
        "changed" => new Function("changed", (_, arguments) => Changed(new JinjaTuple(arguments.Positional))),
        _ => null,
    };

    private bool Changed(object? value)
    {
        var changed = !_hasLast || !Operations.AreEqual(_last, value);
        (_last, _hasLast) = (value, true);
        return changed;
    }
}
