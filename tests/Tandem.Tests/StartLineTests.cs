namespace Tandem.Tests;

public sealed class StartLineTests
{
    [Fact]
    public void A_start_line_survives_the_trip_through_json()
    {
        var line = new Tandem.Protocol.StartLine("unix:/tmp/x", 12, 1);
        Assert.Equal(line, Tandem.Protocol.StartLine.TryParse(line.ToJson()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("loading…")]
    [InlineData("{")]
    [InlineData("{\"pid\":1}")]
    [InlineData("{\"endpoint\":\"unix:/x\",\"pid\":0}")]
    public void Anything_else_is_no_start_line(string line) => Assert.Null(Tandem.Protocol.StartLine.TryParse(line));
}
