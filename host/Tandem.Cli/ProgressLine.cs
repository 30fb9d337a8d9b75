namespace Tandem.Cli;

/// <summary>One line on a terminal's standard error that says what is being done and how far it is.</summary>
internal sealed class ProgressLine(bool enabled)
{
    private int _shown;

    public void Show(string? text, double? fraction)
    {
        if (!enabled || text is null)
            return;
        var line = fraction is { } part ? $"{part,4:P0}  {text}" : text;
        Console.Error.Write($"\r{line.PadRight(_shown)}");
        _shown = line.Length;
    }

    /// <summary>Clears the line.</summary>
    public void End()
    {
        if (_shown > 0)
            Console.Error.Write($"\r{new string(' ', _shown)}\r");
    }
}
