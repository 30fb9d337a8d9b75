using Microsoft.Extensions.Logging.Abstractions;
using Tandem.Host;
using Tandem.Host.Serving;
using Tandem.Host.Storage;
using Tandem.Protocol;

namespace Tandem.Tests.Serving;

public sealed class LearnedFiguresTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task What_a_worker_learned_goes_into_the_next_load_also_after_a_restart()
    {
        var stats = new StatsResponse
        {
            Cost = new CostCurve { Points = { new CostPoint { BatchTokens = 5, Seconds = 0.02, Samples = 9 } } },
            DraftCost = new CostCurve { Points = { new CostPoint { BatchTokens = 1, Seconds = 0.001, Samples = 7 } } },
            Acceptance = new AcceptancePrior { ByPosition = { 0.9, 0.8 }, Weight = 40 },
            Draft = new DraftInfo { Key = "a/draft" },
        };
        await using (var database = Open())
        {
            var figures = await NewAsync(database);
            await figures.LearnAsync("a/main", "engine@1", stats, CancellationToken.None);
            AssertKnown(figures);
        }

        await using var again = Open();
        AssertKnown(await NewAsync(again));

        void AssertKnown(LearnedFigures figures)
        {
            var load = new LoadModelRequest { Model = new ModelReference { Key = "a/main" }, Draft = new DraftModel { Model = new ModelReference { Key = "a/draft" } } };
            figures.AddTo(load, "engine@1");
            Assert.Equal(stats.Cost, load.Cost);
            Assert.Equal(stats.DraftCost, load.Draft.Cost);
            Assert.Equal(stats.Acceptance, load.Draft.AcceptancePrior);
            var elsewhere = new LoadModelRequest { Model = new ModelReference { Key = "a/main" } };
            figures.AddTo(elsewhere, "engine@2");
            Assert.Null(elsewhere.Cost);
        }
    }

    [Fact]
    public async Task A_worker_is_asked_now_and_then_and_at_once_when_it_matters()
    {
        await using var database = Open();
        var figures = await NewAsync(database);
        Assert.True(figures.IsDue("a/main"));
        Assert.False(figures.IsDue("a/main"));
        figures.MakeDue("a/main");
        Assert.True(figures.IsDue("a/main"));
    }

    private Database Open() => new(
        new HostOptions { HomeFolder = _home.Path, ModelFolders = [] }, [LearnedFigures.Schema], TimeProvider.System, NullLogger<Database>.Instance);

    private static async Task<LearnedFigures> NewAsync(Database database)
    {
        var figures = new LearnedFigures(database, TimeProvider.System, NullLogger<LearnedFigures>.Instance);
        await figures.Read;
        return figures;
    }
}
