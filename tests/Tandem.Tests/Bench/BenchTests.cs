using System.Net;
using System.Text.Json;
using FakeEngine.Scripts;
using Tandem.Host.Bench;
using Tandem.Tests.Support;

namespace Tandem.Tests.Bench;

public sealed class BenchTests
{
    private const string Path = "/api/tandem/bench";

    [Fact]
    public async Task A_model_is_measured_without_with_each_draft_and_with_n_grams()
    {
        var script = FakeScripts.TwelveTenZeroTwo();
        (script.Answers[0].Speculation!.DecidedByPosition, script.Answers[0].Speculation!.AcceptedByPosition) = ([4, 2], [3, 1]);
        await using var host = await HostUnderTest.StartAsync(("main", script), ("draft", new FakeScript { ParameterCount = 10 }));
        var (status, job) = await host.PostAsync(Path, """{"model": "main", "drafts": ["draft"], "rounds": 2, "prompts": ["One", "Two"]}""");
        Assert.Equal(HttpStatusCode.Accepted, status);
        var ended = await EndAsync(host, job);
        Assert.True(ended.GetProperty("state").GetString() == "succeeded", ended.GetRawText());
        var report = ended.GetProperty("result").Deserialize(BenchJson.Wire.BenchReport)!;
        Assert.Equal("test/main", report.Model);
        Assert.Equal([null, "test/draft", "ngram"], report.Rows.Select(row => row.Draft));
        Assert.All(report.Rows, row => Assert.True(row.Groups[0].Tokens > 0));
        Assert.Null(report.Rows[0].Advice);
        Assert.All(report.Rows.Skip(1), row => Assert.NotEmpty(row.Advice!));
        Assert.NotEmpty(report.Heading.Processor);
        Assert.All(report.Rows, row => Assert.Equal(["One", "Two"], row.Prompts!.Select(prompt => prompt.Prompts)));
        Assert.All(report.Rows, row => Assert.Equal(row.Groups[0].Tokens, row.Prompts!.Sum(prompt => prompt.Tokens)));
        Assert.Equal([0.75, 0.5], report.Rows[1].Groups[0].AcceptanceByPosition);
        Assert.Null(report.Rows[0].Groups[0].AcceptanceByPosition);
        var earlier = (await host.GetAsync(Path + "?model=test/main")).Body.Deserialize(BenchJson.Wire.BenchReports)!;
        Assert.Equal(report.MeasuredAt, Assert.Single(earlier.Reports).MeasuredAt);
        Assert.Empty((await host.GetAsync(Path + "?model=test/draft")).Body.Deserialize(BenchJson.Wire.BenchReports)!.Reports);
        var pair = (await host.GetAsync("/api/tandem/pairs?main=test/main")).Body.GetProperty("drafts")[0];
        Assert.Equal(report.Rows[1].Groups[0].SpeedUp!.Median, pair.GetProperty("measured").GetProperty("speed_up").GetDouble());
    }

    [Theory]
    [InlineData("""{}""", HttpStatusCode.BadRequest, "model")]
    [InlineData("""{"model": "nobody"}""", HttpStatusCode.NotFound, "model")]
    [InlineData("""{"model": "main", "drafts": ["nobody"]}""", HttpStatusCode.NotFound, "drafts")]
    [InlineData("""{"model": "main", "rounds": 0}""", HttpStatusCode.BadRequest, "rounds")]
    [InlineData("""{"model": "main", "prompts": "one"}""", HttpStatusCode.BadRequest, "prompts")]
    public async Task What_cannot_be_measured_is_refused_before_anything_runs(string body, HttpStatusCode status, string param)
    {
        await using var host = await HostUnderTest.StartAsync(("main", FakeScripts.TwelveTenZeroTwo()));
        var answer = await host.PostAsync(Path, body);
        Assert.Equal(status, answer.Status);
        Assert.Equal(param, answer.Body.GetProperty("error").GetProperty("param").GetString());
        Assert.Empty(host.Server.Workers);
    }

    [Theory]
    [InlineData(1.8, 0.8, "use it: 1.8 times as fast")]
    [InlineData(1.02, 0.31, "no gain: 31 % accepted")]
    [InlineData(1.0, 0.9, "no gain: draft too large for this machine")]
    [InlineData(0.9, 0.31, "no gain: 31 % accepted, and 10 % slower")]
    [InlineData(1.0, null, "no gain: drafting would cost more time than it saves here, so it was left alone")]
    public void The_advice_says_what_to_do_and_why(double speedUp, double? acceptance, string advice) => Assert.Equal(
        advice, BenchSamples.Advise(new BenchFigures("all", new BenchSpread(1, 1, 1), new BenchSpread(speedUp, speedUp, speedUp), acceptance, 0, 400)));

    private static async Task<JsonElement> EndAsync(HostUnderTest host, JsonElement job)
    {
        var path = $"/api/tandem/jobs/{job.GetProperty("id").GetString()}";
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var last = job;
        while (last.GetProperty("state").GetString() == "running")
        {
            await look.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            last = (await host.GetAsync(path)).Body;
        }
        return last;
    }
}
