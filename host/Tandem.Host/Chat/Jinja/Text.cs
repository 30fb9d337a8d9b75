using System.Text;

namespace Tandem.Host.Chat.Jinja;

/// <summary>
/// A string that remembers for each run of characters whether the template wrote it or a message did. Everything a template can do
/// to strings keeps this, so that a mark written by a user never counts as one of the template's. Immutable.
/// </summary>
internal sealed class Text : IEquatable<Text>
{
    private readonly Run[] _runs;

    // Where each character begins, and the end; null where every unit is a character.
    private readonly int[]? _starts;

    private Text(string value, Run[] runs) => (Value, _runs, _starts) = (value, runs, StartsOf(value));

    public static Text Empty { get; } = new("", []);

    public string Value { get; }

    /// <summary>UTF-16 units: what places in <see cref="Value"/> and <see cref="Slice"/> count.</summary>
    public int Length => Value.Length;

    /// <summary>Characters as Python counts them.</summary>
    public int Count => _starts is null ? Length : _starts.Length - 1;

    /// <summary>Marked by the filter <c>safe</c>: what is added to it with <c>+</c> gets HTML escapes, as in Python (markupsafe).</summary>
    public bool IsSafe { get; private init; }

    public Text AsSafe() => new(Value, _runs) { IsSafe = true };

    public ReadOnlySpan<Run> Runs => _runs;

    /// <summary>A text the template wrote, or one that nobody outside can influence.</summary>
    public static Text FromTemplate(string value) => Make(value, true);

    /// <summary>A text of a message, a tool or another argument.</summary>
    public static Text FromData(string value) => Make(value, false);

    public static Text Make(string value, bool template) => value.Length == 0 ? Empty : new(value, [new Run(value.Length, template)]);

    internal static Text Make(string value, Run[] runs) => value.Length == 0 ? Empty : new(value, runs);

    /// <summary>Whether the character at an index is the template's.</summary>
    public bool IsTemplateAt(int index)
    {
        foreach (var run in _runs)
        {
            if (index < run.End)
                return run.Template;
        }
        return false;
    }

    /// <summary>The place in <see cref="Value"/> of a character, or of the end.</summary>
    public int OffsetOf(int character) => _starts?[character] ?? character;

    /// <summary>The character at a place in <see cref="Value"/>.</summary>
    public int CharacterAt(int offset) => _starts is null ? offset : Array.BinarySearch(_starts, offset) is var at && at >= 0 ? at : ~at - 1;

    /// <summary>Characters from one place to another, as Python counts.</summary>
    public Text Between(int first, int last) => Slice(OffsetOf(first), OffsetOf(Math.Max(first, last)) - OffsetOf(first));

    public Text Slice(int start, int length)
    {
        if (length == Length)
            return this;
        var builder = new TextBuilder();
        builder.Append(this, start, length);
        return builder.ToText();
    }

    public Text Concat(Text other)
    {
        if (Length == 0)
            return other;
        if (other.Length == 0)
            return this;
        var builder = new TextBuilder();
        builder.Append(this);
        builder.Append(other);
        return builder.ToText();
    }

    /// <summary>The operator <c>+</c>.</summary>
    public Text Add(Text other) => IsSafe || other.IsSafe ? Escaped().Concat(other.Escaped()).AsSafe() : Concat(other);

    public Text AsUnsafe() => new(Value, _runs);

    /// <summary>With HTML escapes, unless it is safe already.</summary>
    public Text Escaped() => IsSafe ? this : Map(run => run
        .Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal)
        .Replace("'", "&#39;", StringComparison.Ordinal).Replace("\"", "&#34;", StringComparison.Ordinal));

    /// <summary>Changes the characters run by run, each run keeping its origin.</summary>
    public Text Map(Func<string, string> change)
    {
        var builder = new TextBuilder();
        var start = 0;
        foreach (var run in _runs)
        {
            builder.Append(change(Value[start..run.End]), run.Template);
            start = run.End;
        }
        return builder.ToText();
    }

    private static int[]? StartsOf(string value)
    {
        if (!value.AsSpan().ContainsAnyInRange('\ud800', '\udbff'))
            return null;
        var starts = new List<int>(value.Length);
        for (var i = 0; i < value.Length; i += char.IsHighSurrogate(value[i]) && i + 1 < value.Length && char.IsLowSurrogate(value[i + 1]) ? 2 : 1)
            starts.Add(i);
        return [.. starts, value.Length];
    }

    public bool Equals(Text? other) => other is not null && Value == other.Value;

    public override bool Equals(object? obj) => Equals(obj as Text);

    public override int GetHashCode() => Value.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Value;

    /// <param name="End">Index after the run's last character.</param>
    /// <param name="Template">Whether the template wrote it.</param>
    internal readonly record struct Run(int End, bool Template);
}

/// <summary>Collects pieces of text with their origin.</summary>
internal sealed class TextBuilder
{
    private readonly StringBuilder _value = new();
    private readonly List<Text.Run> _runs = [];

    public int Length => _value.Length;

    public void Append(string value, bool template)
    {
        _value.Append(value);
        Close(template);
    }

    public void Append(Text text) => Append(text, 0, text.Length);

    public void Append(Text text, int start, int length)
    {
        var end = start + length;
        var runStart = 0;
        foreach (var run in text.Runs)
        {
            var from = Math.Max(start, runStart);
            var to = Math.Min(end, run.End);
            if (from < to)
            {
                _value.Append(text.Value, from, to - from);
                Close(run.Template);
            }
            runStart = run.End;
        }
    }

    public Text ToText() => Text.Make(_value.ToString(), [.. _runs]);

    private void Close(bool template)
    {
        if (_runs.Count > 0 && _runs[^1].End == _value.Length)
            return;
        if (_runs.Count > 0 && _runs[^1].Template == template)
            _runs[^1] = new Text.Run(_value.Length, template);
        else if (_value.Length > 0)
            _runs.Add(new Text.Run(_value.Length, template));
    }
}
