using System.Runtime.CompilerServices;

namespace Tandem.Host.Chat.Jinja;

/// <summary>What one rendering may cost. A template comes with a model file from anywhere: it is held to these whatever it says.</summary>
internal sealed record TemplateLimits
{
    public static TemplateLimits Default { get; } = new();

    /// <summary>Evaluated nodes, and one for every 64 characters copied.</summary>
    public long Steps { get; init; } = 5_000_000;

    /// <summary>Nested evaluations, macro calls included.</summary>
    public int Depth { get; init; } = 800;

    /// <summary>Characters of the output and of any text on the way.</summary>
    public int TextLength { get; init; } = 16 << 20;

    /// <summary>Entries of a list that a function makes.</summary>
    public int ListLength { get; init; } = 100_000;
}

/// <summary>The state of one rendering: limits, the present line, the clock.</summary>
internal sealed class Runtime(TemplateLimits limits, DateTimeOffset now, CancellationToken cancellationToken)
{
    private long _steps;
    private int _depth;

    public TemplateLimits Limits => limits;

    /// <summary>What <c>strftime_now</c> tells.</summary>
    public DateTimeOffset Now => now;

    /// <summary>Line of the node that was entered last, for messages.</summary>
    public int Line { get; private set; }

    public void Enter(int line)
    {
        Line = line;
        Charge(1);
        if (++_depth > limits.Depth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new TemplateException(TemplateFault.Limit, $"it nests deeper than {limits.Depth} levels", line);
    }

    public void Leave() => _depth--;

    public void Charge(long steps)
    {
        _steps += steps;
        if (_steps > limits.Steps)
            throw new TemplateException(TemplateFault.Limit, $"it takes more than {limits.Steps} steps", Line);
        if ((_steps & 1023) == 0)
            cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Pays for a text before it is made.</summary>
    public void ChargeText(long length)
    {
        if (length > limits.TextLength)
            throw new TemplateException(TemplateFault.Limit, $"a text would be longer than {limits.TextLength} characters", Line);
        Charge(length / 64);
    }

    public void ChargeList(long length)
    {
        if (length > limits.ListLength)
            throw new TemplateException(TemplateFault.Limit, $"a list would be longer than {limits.ListLength} entries", Line);
        Charge(length);
    }
}

/// <summary>Variables of one scope; names it does not have are looked up outwards.</summary>
internal sealed class Frame(Runtime runtime, Frame? parent)
{
    private readonly Dictionary<string, object?> _variables = new(StringComparer.Ordinal);

    public Runtime Runtime { get; } = runtime;

    public void Set(string name, object? value) => _variables[name] = value;

    public object? Get(string name)
    {
        for (var frame = this; frame is not null; frame = frame.Parent)
        {
            if (frame._variables.TryGetValue(name, out var value))
                return value;
        }
        return Globals.Find(name) ?? (object)new Undefined($"'{name}' is undefined");
    }

    /// <summary>The template's own scope.</summary>
    public Frame Outermost => parent?.Parent is null ? this : parent.Outermost;

    private Frame? Parent => parent;
}
