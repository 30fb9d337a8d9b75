using FakeEngine.Scripts;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Host;
using Tandem.Host.Models;
using Tandem.Host.Serving;
using Tandem.Host.Workers;
using Tandem.Tests.Support;

namespace Tandem.Tests.Serving;

public sealed class InstanceTests
{
    [Fact]
    public async Task A_user_loads_a_model_twice_asks_for_each_and_unloads_them()
    {
        await using var home = new FakeHome();
        var model = home.Model("a");
        Assert.Equal("test/a", (await LoadAsync(home, model)).InstanceId);
        Assert.Equal("test/a:2", (await LoadAsync(home, model)).InstanceId);
        using (var first = await home.LeaseAsync(model))
        using (var second = await home.LeaseAsync(model))
            Assert.NotEqual(first.WorkerId, second.WorkerId);
        Assert.Equal(["test/a:2"], await UnloadAsync(home, "test/a:2"));
        Assert.Equal(["test/a"], home.Server.Instances.Select(instance => instance.InstanceId));
        Assert.Equal(["test/a"], await UnloadAsync(home, "test/a"));
        Assert.Empty(home.Server.Workers);
        Assert.IsType<UnloadResult.Refused>(await home.Server.UnloadAsync("test/a", CancellationToken.None));
    }

    [Fact]
    public async Task A_model_loaded_by_a_user_stays_when_another_is_loaded_on_demand()
    {
        await using var home = new FakeHome();
        await LoadAsync(home, home.Model("kept"));
        (await home.LeaseAsync(home.Model("first"))).Dispose();
        (await home.LeaseAsync(home.Model("second"))).Dispose();
        Assert.Equal(["test/kept", "test/second"], Instances(home));
    }

    [Fact]
    public async Task A_load_configuration_reaches_the_worker()
    {
        await using var home = new FakeHome();
        var result = await home.Server.LoadAsync(
            new LoadRequest(home.Model("a"), null) { Settings = new Protocol.LoadSettings { ContextLength = 777 } }, CancellationToken.None);
        Assert.Equal(777u, Assert.IsType<LoadResult.Loaded>(result).Instance.Worker!.Loaded!.ContextLength);
    }

    [Fact]
    public async Task A_model_that_nobody_uses_for_its_time_is_unloaded_and_comes_back_on_demand()
    {
        await using var home = new FakeHome();
        var model = home.Model("a");
        var result = await home.Server.AcquireAsync(new LeaseRequest(model, null) { Ttl = TimeSpan.FromMilliseconds(300) }, CancellationToken.None);
        Assert.IsType<LeaseResult.Granted>(result).Lease.Dispose();
        await Until.TrueAsync(() => home.Server.Workers.Count == 0);
        (await home.LeaseAsync(model)).Dispose();
    }

    [Fact]
    public async Task With_loading_on_demand_switched_off_only_a_user_loads()
    {
        await using var home = new FakeHome(configure: services => services.AddSingleton(new ServingOptions { JitLoading = false }));
        var model = home.Model("a");
        Assert.Equal(FailureCodes.ModelNotFound, (await home.RefusalAsync(model)).Code);
        await LoadAsync(home, model);
        (await home.LeaseAsync(model)).Dispose();
    }

    [Fact]
    public async Task A_model_that_does_not_fit_is_refused_before_anything_is_started()
    {
        await using var home = new FakeHome(configure: services => services.AddSingleton<AvailableMemory>(() => 1_000_000));
        var main = await home.DescribedAsync("main");
        var failure = await home.RefusalAsync(main, await home.DescribedAsync("draft"));
        Assert.Equal(FailureCodes.InsufficientMemory, failure.Code);
        Assert.Contains("with its draft test/draft", failure.Message, StringComparison.Ordinal);
        Assert.Empty(home.Server.Workers);
    }

    [Fact]
    public async Task A_request_waits_for_its_draft_while_another_is_in_use_and_then_runs_plain_with_a_note()
    {
        await using var home = new FakeHome(configure: services => services.AddSingleton(new ServingOptions { SpeculationWait = TimeSpan.FromMilliseconds(200) }));
        var (main, first, second) = (home.Model("main"), home.Model("first"), home.Model("second"));
        using var holder = await home.LeaseAsync(main, first);
        using var plain = await home.LeaseAsync(main, second);
        Assert.Contains("test/first", plain.DraftNote, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_draft_is_swapped_for_a_waiting_request_as_soon_as_nobody_uses_the_old_one()
    {
        await using var home = new FakeHome(configure: services => services.AddSingleton(new ServingOptions { SpeculationWait = FakeHome.Bound }));
        var (main, first, second) = (home.Model("main"), home.Model("first"), home.Model("second"));
        var holder = await home.LeaseAsync(main, first);
        var waiting = home.LeaseAsync(main, second);
        using (await home.LeaseAsync(main))
        {
            // Others pass meanwhile.
            Assert.False(waiting.IsCompleted);
        }

        holder.Dispose();
        using var granted = await waiting;
        Assert.Null(granted.DraftNote);
        Assert.Equal("test/second", granted.Loaded.Draft?.Key);
    }

    [Fact]
    public async Task A_draft_changed_by_the_user_is_swapped_at_once_and_removed_at_once()
    {
        await using var home = new FakeHome();
        var (main, first, second) = (home.Model("main"), home.Model("first"), home.Model("second"));
        using var holder = await home.LeaseAsync(main, first);
        Assert.Null(await home.Server.ChangeDraftAsync(main, second, CancellationToken.None));
        Assert.Equal("test/second", home.Server.Workers.Single().DraftKey);
        Assert.Null(await home.Server.ChangeDraftAsync(main, null, CancellationToken.None));
        Assert.Null(home.Server.Workers.Single().DraftKey);
        Assert.Null(await home.Server.ChangeDraftAsync(second, first, CancellationToken.None));
    }

    [Fact]
    public async Task A_model_that_a_user_loaded_is_back_after_a_crash_without_being_asked_for()
    {
        await using var home = new FakeHome();
        var model = home.Model("a");
        await LoadAsync(home, model);
        (await home.LeaseAsync(model)).Dispose();
        await Until.TrueAsync(() => home.Server.Workers.Single() is { Completed: 1, Leases: 0 });
        var before = home.Server.Workers.Single();
        Assert.Equal(0, Signals.Send(before.Pid!.Value, 9));
        await Until.TrueAsync(() => home.Server.Instances is [{ Worker: { State: WorkerState.Ready } now, Restarts: 1 }] && now.WorkerId != before.WorkerId);
        Assert.Equal(FailureCodes.WorkerCrashed, home.Server.Instances.Single().LastFault?.Code);
    }

    [Fact]
    public async Task A_model_that_was_busy_when_another_was_loaded_goes_when_both_are_done()
    {
        await using var home = new FakeHome();
        var (first, second) = (home.Model("first"), home.Model("second"));
        var busy = await home.LeaseAsync(first);
        var other = await home.LeaseAsync(second);
        Assert.Equal(["test/first", "test/second"], Instances(home));
        other.Dispose();
        busy.Dispose();
        // The one used last stays.
        await Until.TrueAsync(() => Instances(home).SequenceEqual(["test/first"]));
        using var again = await home.LeaseAsync(first);
        Assert.Equal(busy.WorkerId, again.WorkerId);
    }

    [Fact]
    public async Task Unloading_ends_what_waits_and_what_runs()
    {
        await using var home = new FakeHome();
        var slow = home.Model("slow", new FakeScript { Load = new FakeLoad { Steps = 1000, StepMs = 100 } });
        var waiting = home.RefusalAsync(slow);
        await Until.TrueAsync(() => home.Server.Workers.Any(worker => worker.State == WorkerState.Loading));
        Assert.Equal(["test/slow"], await UnloadAsync(home, "test/slow"));
        Assert.Equal(FailureCodes.ModelUnloaded, (await waiting).Code);
        Assert.Empty(home.Server.Workers);
    }

    private static async Task<InstanceSnapshot> LoadAsync(FakeHome home, ModelEntry model) => Assert.IsType<LoadResult.Loaded>(
        await home.Server.LoadAsync(new LoadRequest(model, null), CancellationToken.None).WaitAsync(FakeHome.Bound)).Instance;

    private static async Task<IReadOnlyList<string>> UnloadAsync(FakeHome home, string name) => Assert.IsType<UnloadResult.Unloaded>(
        await home.Server.UnloadAsync(name, CancellationToken.None).WaitAsync(FakeHome.Bound)).InstanceIds;

    private static IEnumerable<string> Instances(FakeHome home) => home.Server.Workers.Select(worker => worker.InstanceId).Order(StringComparer.Ordinal);
}
