using System.Collections;
using Tandem.Host.Workers;

namespace Tandem.Tests.Workers;

public sealed class ChildEnvironmentTests
{
    [Fact]
    public void Names_that_are_not_allowed_are_removed()
    {
        var inherited = new Hashtable { ["PATH"] = "/bin", ["LC_ALL"] = "C", ["AWS_SECRET"] = "s", ["ASPNETCORE_URLS"] = "u", ["LD_PRELOAD"] = "x" };
        var changes = ChildEnvironment.Changes(inherited);
        Assert.Equal(["ASPNETCORE_URLS", "AWS_SECRET", "LD_PRELOAD"], changes.Keys.Order(StringComparer.Ordinal));
        Assert.All(changes.Values, Assert.Null);
    }

    [Fact]
    public void What_is_given_wins_over_what_is_inherited()
    {
        var changes = ChildEnvironment.Changes(
            new Hashtable { ["TOKEN"] = "theirs" }, new Dictionary<string, string> { ["TOKEN"] = "plan" }, new Dictionary<string, string> { ["TOKEN"] = "ours" });
        Assert.Equal("ours", changes["TOKEN"]);
    }
}
