using FakeEngine.Scripts;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Host;
using Tandem.Host.Runtimes;
using Tandem.Host.Runtimes.Install;
using Tandem.Tests.Support;
using static Tandem.Tests.Runtimes.InstallTests;

namespace Tandem.Tests.Runtimes;

/// <summary>Selecting, updating, rolling back, removing.</summary>
public sealed class SelectionTests
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_selection_is_kept_over_a_restart_and_a_rollback_undoes_it()
    {
        await using var home = new FakeHome();
        var id = home.Offer("2.0.0");
        await Install(home, id);
        Assert.Null(await Manager(home).SelectAsync(Report(home, id), null, pinned: true, Cancel));
        Assert.Equal(id, Picked(home).Id);
        var kept = await home.Get<RuntimeRecords>().LoadAsync(Cancel);
        Assert.Equal(new Selection(id, true, "fake@1.0.0+1-cpu", false, null), kept.Selected["fake"]);

        var (now, failure) = await Manager(home).RollBackAsync(Report(home, id), Cancel);
        Assert.Equal(("fake@1.0.0+1-cpu", null), (now, failure));
        Assert.Equal("1.0.0", Picked(home).EngineVersion);
        (now, _) = await Manager(home).RollBackAsync(Report(home, now!), Cancel);
        Assert.Equal(id, now);
    }

    [Fact]
    public async Task A_model_can_have_a_runtime_of_its_own()
    {
        await using var home = new FakeHome();
        home.AddRuntime("fake@0.9.0+1-cpu", "0.9.0");
        var runtimes = home.Get<RuntimeCatalogue>();
        Assert.Null(await Manager(home).SelectAsync(Report(home, "fake@0.9"), "test/special", null, Cancel));
        Assert.Equal("0.9.0", Assert.IsType<RuntimeChoice.Found>(runtimes.Pick("fake", "test/special")).Runtime.EngineVersion);
        Assert.Equal("1.0.0", Assert.IsType<RuntimeChoice.Found>(runtimes.Pick("fake", "test/other")).Runtime.EngineVersion);
        await Manager(home).ForgetOverrideAsync("test/special", Cancel);
        Assert.Equal("1.0.0", Assert.IsType<RuntimeChoice.Found>(runtimes.Pick("fake", "test/special")).Runtime.EngineVersion);
    }

    [Fact]
    public async Task A_name_may_be_short_as_long_as_it_fits_one()
    {
        await using var home = new FakeHome();
        home.AddRuntime("fake@0.9.0+1-cpu", "0.9.0");
        var runtimes = home.Get<RuntimeCatalogue>();
        Assert.Equal("fake@0.9.0+1-cpu", Assert.IsType<RuntimeLookup.Found>(runtimes.Find("FAKE@0.9")).Report.Info!.Id);
        Assert.Contains("fits several", Assert.IsType<RuntimeLookup.NotFound>(runtimes.Find("fake")).Failure.Message, StringComparison.Ordinal);
        var missing = Assert.IsType<RuntimeLookup.NotFound>(runtimes.Find("fake@3")).Failure;
        Assert.Equal((FailureCodes.RuntimeNotFound, "Install it: tandem runtime get fake@3"), (missing.Code, missing.NextStep));
    }

    [Fact]
    public async Task A_selected_runtime_that_breaks_is_passed_over_and_the_one_before_it_taken()
    {
        await using var home = new FakeHome();
        home.AddRuntime("fake@3.0.0+1-cpu", "3.0.0");
        home.AddRuntime("fake@0.9.0+1-cpu", "0.9.0");
        var id = home.Offer("2.0.0");
        await Manager(home).SelectAsync(Report(home, "fake@0.9"), null, null, Cancel);
        await Install(home, id);
        await Manager(home).SelectAsync(Report(home, id), null, null, Cancel);
        File.Delete(Path.Combine(Report(home, id).Folder, "library.so"));
        var other = await home.Get<RuntimeChecks>().SurveyAsync(Report(home, "fake@0.9"), fresh: true, Cancel);
        var broken = await home.Get<RuntimeChecks>().SurveyAsync(Report(home, id), fresh: true, Cancel);
        Assert.Equal((false, false), (broken.Usable, broken.Selected));
        Assert.Equal("0.9.0", Picked(home).EngineVersion);
        Assert.Equal(other.Survey, Report(home, "fake@0.9").Survey);
        var refusal = await Manager(home).SelectAsync(broken, null, null, Cancel);
        Assert.Equal(FailureCodes.RuntimeBroken, refusal?.Code);
    }

    [Fact]
    public async Task An_update_installs_the_newest_of_the_variant_and_what_is_pinned_stays()
    {
        await using var home = new FakeHome();
        home.Offer("2.0.0");
        var newest = home.Offer("2.1.0", "2");
        var plan = Assert.Single(Manager(home).PlanUpdates(null));
        Assert.Equal(("fake@1.0.0+1-cpu", newest), (plan.Current, plan.Recipe?.Runtime.Id));
        Assert.IsType<InstallOutcome.Installed>(await Manager(home).UpdateAsync(plan, 2, new Progress<InstallProgress>(), Cancel));
        Assert.Equal(newest, Picked(home).Id);
        Assert.Null(Assert.Single(Manager(home).PlanUpdates("fake")).Recipe);
        await Manager(home).SelectAsync(Report(home, "fake@1"), null, pinned: true, Cancel);
        plan = Assert.Single(Manager(home).PlanUpdates(null));
        Assert.Null(plan.Recipe);
        Assert.Contains("pinned", plan.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Old_ones_beyond_the_number_kept_go_with_an_update()
    {
        await using var home = new FakeHome();
        foreach (var version in new[] { "1.1.0", "1.2.0", "1.3.0" })
        {
            home.Offer(version, version);
            await Update(home, 1);
        }

        Assert.Equal(["fake@1.0.0+1-cpu", "fake@1.2.0+1.2.0-cpu", "fake@1.3.0+1.3.0-cpu"],
            home.Get<RuntimeCatalogue>().Snapshot.Runtimes.Select(report => report.Info!.Id).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_first_load_that_fails_after_an_update_rolls_it_back_and_says_so()
    {
        await using var home = new FakeHome();
        var id = home.Offer("2.0.0", process: new FakeScript { Faults = new() { Spawn = new() { Exit = 9 } } });
        await Update(home, 2);
        Assert.Equal(id, Picked(home).Id);

        using (var lease = await home.LeaseAsync(home.Model("main")))
            Assert.Equal("1.0.0", lease.Runtime.EngineVersion);
        var given = Report(home, id);
        Assert.Equal((false, false), (given.Usable, given.Selected));
        Assert.Contains("did not load on it after the update", given.Reason!, StringComparison.Ordinal);
        Assert.Contains($"{id} was rolled back to fake@1.0.0+1-cpu", Report(home, "fake@1").Selection!.Notice!, StringComparison.Ordinal);
        Assert.Equal("1.0.0", Picked(home).EngineVersion);
    }

    [Fact]
    public async Task A_load_that_succeeds_ends_the_trial_and_a_later_crash_rolls_nothing_back()
    {
        await using var home = new FakeHome();
        var id = home.Offer("2.0.0");
        await Update(home, 2);
        using (await home.LeaseAsync(home.Model("main")))
            Assert.False(Report(home, id).Selection!.OnTrial);
        await home.RefusalAsync(home.Model("crash", new FakeScript { Faults = new() { Load = new() { Exit = 1 } } }));
        Assert.Equal(id, Picked(home).Id);
    }

    [Fact]
    public async Task Two_runtimes_serve_two_models_at_once_and_none_in_use_is_touched()
    {
        await using var home = new FakeHome(configure: services => services.AddSingleton(new Host.Serving.ServingOptions { IdleModelsKept = 2 }));
        var id = home.Offer("2.0.0");
        await Install(home, id);
        using var first = await home.LeaseAsync(home.Model("first"));
        await Manager(home).SelectAsync(Report(home, id), null, null, Cancel);
        using var second = await home.LeaseAsync(home.Model("second"));
        Assert.Equal(("1.0.0", "2.0.0"), (first.Runtime.EngineVersion, second.Runtime.EngineVersion));
        var refusal = await Manager(home).RemoveAsync(Report(home, id), Cancel);
        Assert.Equal(FailureCodes.RuntimeInUse, refusal?.Code);
        Assert.True(Directory.Exists(Report(home, id).Folder));
    }

    [Fact]
    public async Task What_is_removed_is_gone_with_every_choice_of_it_and_what_came_with_the_build_stays()
    {
        await using var home = new FakeHome();
        var id = home.Offer("2.0.0");
        await Install(home, id);
        await Manager(home).SelectAsync(Report(home, id), null, null, Cancel);
        Assert.Null(await Manager(home).RemoveAsync(Report(home, id), Cancel));
        AssertNoLitter(home);
        Assert.Equal("1.0.0", Picked(home).EngineVersion);
        Assert.Contains("came with Tandem", (await Manager(home).RemoveAsync(Report(home, "fake@1"), Cancel))!.Message, StringComparison.Ordinal);
    }

    private static RuntimeManager Manager(FakeHome home) => home.Get<RuntimeManager>();

    private static async Task Update(FakeHome home, int kept) => Assert.IsType<InstallOutcome.Installed>(
        await Manager(home).UpdateAsync(Assert.Single(Manager(home).PlanUpdates(null)), kept, new Progress<InstallProgress>(), Cancel));
}
