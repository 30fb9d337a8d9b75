using Tandem.Host.Workers;

namespace Tandem.Tests.Workers;

public sealed class FaultExplainerTests
{
    [Theory]
    [InlineData(132, "SIGILL", "AVX2")]
    [InlineData(133, "SIGTRAP", "check inside the engine")]
    [InlineData(134, "SIGABRT", "gave up")]
    [InlineData(137, "SIGKILL", "memory")]
    [InlineData(139, "SIGSEGV", "not its own")]
    [InlineData(143, "SIGTERM", "terminated")]
    public void A_signal_is_named_with_a_probable_cause(int code, string signal, string cause)
    {
        var exit = FaultExplainer.Explain(code, []);
        Assert.Equal(signal, exit.Signal);
        Assert.Contains($"exit code {code} ({signal})", exit.Cause, StringComparison.Ordinal);
        Assert.Contains(cause, exit.Cause, StringComparison.Ordinal);
        Assert.NotEmpty(exit.NextStep);
    }

    [Fact]
    public void A_status_of_windows_is_named()
    {
        var exit = FaultExplainer.Explain(unchecked((int)0xC0000005), []);
        Assert.Equal("STATUS_ACCESS_VIOLATION", exit.Signal);
        Assert.Contains("0xC0000005", exit.Cause, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    [InlineData(77)]
    [InlineData(255)]
    public void A_plain_exit_code_has_no_signal(int code)
    {
        var exit = FaultExplainer.Explain(code, ["one", "two"]);
        Assert.Null(exit.Signal);
        Assert.Contains($"exit code {code}", exit.Cause, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_worker_said_outweighs_its_exit_code()
    {
        var exit = FaultExplainer.Explain(134, ["loading", "ggml_backend: CUDA error: out of memory"]);
        Assert.Contains("not enough memory", exit.Cause, StringComparison.Ordinal);
        Assert.Contains("CUDA error: out of memory", exit.Cause, StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_lines_are_kept_and_bounded()
    {
        var exit = FaultExplainer.Explain(1, [.. Enumerable.Range(0, 100).Select(i => $"line {i}")]);
        Assert.Equal("line 99", exit.LastLines[^1]);
        Assert.InRange(exit.LastLines.Count, 1, 50);
    }
}
