using Tandem.Cli;

var parsed = CommandLine.Create().Parse(args);
if (parsed.Errors.Count > 0)
{
    return Complaint.Usage(parsed.Errors[0].Message, $"`tandem {CommandLine.NameOf(parsed)} --help` lists what is possible.").Print();
}

try
{
    // Signals are handled where they mean something: Ctrl-C ends an answer in one command and a host in another.
    return await parsed.InvokeAsync(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
catch (Exception exception)
{
    return new Complaint(ExitCodes.Failed, $"Tandem made a mistake: {exception.GetType().Name}: {exception.Message}",
        "Please report it, with what you did.").Print();
}
