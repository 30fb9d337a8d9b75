namespace Tandem.Cli;

/// <summary>Why a command did not do what it was asked: one line of cause, one of advice, and the exit code.</summary>
internal sealed record Complaint(int ExitCode, string Cause, string Advice)
{
    public static Complaint Usage(string cause, string advice) => new(ExitCodes.Usage, cause, advice);

    /// <summary>Prints it to standard error.</summary>
    /// <returns>The exit code.</returns>
    public int Print()
    {
        Console.Error.WriteLine($"tandem: {Cause.ReplaceLineEndings(" ")}");
        if (Advice.Length > 0)
            Console.Error.WriteLine(Advice.ReplaceLineEndings(" "));
        return ExitCode;
    }
}
