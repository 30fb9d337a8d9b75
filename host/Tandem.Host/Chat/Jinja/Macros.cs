namespace Tandem.Host.Chat.Jinja;

/// <summary>Names and defaults of a macro's parameters.</summary>
internal sealed record Parameters(List<(string Name, Expression? Default)> All);

/// <summary>What a macro writes, and the names that are read in it: they decide which surplus arguments it takes.</summary>
internal sealed record MacroBody(Block Block, IReadOnlySet<string> Names)
{
    public bool TakesRest => Names.Contains("varargs");

    public bool TakesNamedRest => Names.Contains("kwargs");

    public bool TakesCaller => Names.Contains("caller");

    /// <summary>Makes the function that runs this inside <paramref name="frame"/>.</summary>
    public Function Bind(string name, Parameters parameters, Frame frame) => new(name, (runtime, arguments) =>
    {
        var inner = new Frame(runtime, frame);
        Fill(name, parameters, inner, arguments);
        var output = new TextBuilder();
        Block.Execute(inner, output);
        return output.ToText();
    })
    {
        Attributes = attribute => attribute switch
        {
            "name" => Text.FromTemplate(name),
            "arguments" => new JinjaTuple(parameters.All.Select(one => (object?)Text.FromTemplate(one.Name))),
            "catch_varargs" => TakesRest,
            "catch_kwargs" => TakesNamedRest,
            "caller" => TakesCaller,
            _ => null,
        },
    };

    private void Fill(string name, Parameters parameters, Frame inner, Arguments arguments)
    {
        var all = parameters.All;
        for (var i = 0; i < all.Count; i++)
        {
            var (parameter, byDefault) = all[i];
            if (i < arguments.Positional.Count)
                inner.Set(parameter, arguments.Positional[i]);
            else if (arguments.Named.TryGetValue(parameter, out var value))
                inner.Set(parameter, value);
            else
                inner.Set(parameter, byDefault is null ? new Undefined($"parameter '{parameter}' was not provided") : byDefault.Evaluate(inner));
        }
        FillRest(name, parameters, inner, arguments);
    }

    private void FillRest(string name, Parameters parameters, Frame inner, Arguments arguments)
    {
        var all = parameters.All;
        var rest = new JinjaDict();
        foreach (var (key, value) in arguments.Named)
        {
            var place = all.FindIndex(one => one.Name == key);
            if (place >= 0 && place < arguments.Positional.Count)
                throw TemplateException.Runtime($"macro '{name}' got multiple values for argument '{key}'");
            if (place < 0 && !(TakesCaller && key == "caller"))
                rest[Text.FromTemplate(key)] = value;
        }
        if (rest.Count > 0 && !TakesNamedRest)
            throw TemplateException.Runtime($"macro '{name}' takes no keyword argument '{JinjaDict.FromKey(rest.Keys.First())}'");
        if (arguments.Positional.Count > all.Count && !TakesRest)
            throw TemplateException.Runtime($"macro '{name}' takes not more than {all.Count} argument(s)");
        if (TakesNamedRest)
            inner.Set("kwargs", rest);
        if (TakesRest)
            inner.Set("varargs", new JinjaTuple(arguments.Positional.Skip(all.Count)));
        if (TakesCaller && !all.Exists(one => one.Name == "caller"))
            inner.Set("caller", arguments.Named.GetValueOrDefault("caller") ?? new Undefined("No caller defined"));
    }
}

internal sealed class Macro(int line, string name, Parameters parameters, MacroBody body) : Statement(line)
{
    protected override Flow Run(Frame frame, TextBuilder output)
    {
        frame.Set(name, body.Bind(name, parameters, frame));
        return Flow.Next;
    }
}

/// <summary><c>{% call(x) macro(…) %}…{% endcall %}</c>: the macro gets the body as <c>caller</c>.</summary>
internal sealed class CallBlock(int line, Parameters parameters, Call call, MacroBody body) : Statement(line)
{
    protected override Flow Run(Frame frame, TextBuilder output)
    {
        var value = call.Invoke(frame, body.Bind("caller", parameters, frame));
        Output.Write(frame, output, TextFormat.ToText(frame.Runtime, value));
        return Flow.Next;
    }
}

/// <summary><c>{% block name %}</c>, rendered where it stands; unless it is scoped it sees the template's own variables only.</summary>
internal sealed class TemplateBlock(int line, bool scoped, Block body) : Statement(line)
{
    protected override Flow Run(Frame frame, TextBuilder output)
    {
        body.Execute(new Frame(frame.Runtime, scoped ? frame : frame.Outermost), output);
        return Flow.Next;
    }
}
