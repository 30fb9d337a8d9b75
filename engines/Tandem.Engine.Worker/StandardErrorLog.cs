using Microsoft.Extensions.Logging;

namespace Tandem.Engine.Worker;

/// <summary>
/// Writes log lines to standard error as <c>level category[id] message</c>, the form the supervisor's log ring keeps. Synchronous, so
/// that the last lines before a crash are there; the stock console logger also costs a worker's start some tens of milliseconds.
/// </summary>
internal sealed class StandardErrorLog : ILoggerProvider
{
    private readonly TextWriter _output = Console.Error;

    public ILogger CreateLogger(string categoryName) => new CategoryLog(_output, categoryName);

    public void Dispose()
    {
    }

    private sealed class CategoryLog(TextWriter output, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var line = $"{Name(logLevel)} {category}[{eventId.Id}] {formatter(state, exception)}";
            // One write per message: lines of two threads do not mix.
            output.WriteLine(exception is null ? line : $"{line}{Environment.NewLine}{exception}");
        }

        private static string Name(LogLevel level) => level switch
        {
            LogLevel.Trace => "trace",
            LogLevel.Debug => "debug",
            LogLevel.Information => "info",
            LogLevel.Warning => "warn",
            LogLevel.Error => "error",
            _ => "critical",
        };
    }
}
