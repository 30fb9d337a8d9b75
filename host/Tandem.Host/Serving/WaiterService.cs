using Tandem.Host.Workers;

namespace Tandem.Host.Serving;

/// <summary>From a loaded instance to those who wait for it: leases, drafts that are changed first, loads that are done. Part of the server's loop.</summary>
internal sealed class WaiterService(ServingTools tools, Action<ServerMessage> post)
{
    /// <summary>Gives everybody who waits at a loaded instance what can be given now, in the order in which they came.</summary>
    public void Serve(ModelSlot slot, WorkerOwner owner)
    {
        var now = tools.Workers.Times.Clock.GetUtcNow();
        for (var node = slot.Waiters.First; node is not null;)
        {
            var (waiter, next) = (node.Value, node.Next);
            switch (waiter)
            {
                case LoadWaiter load:
                    slot.Dequeue(load);
                    slot.LastUsed = now;
                    load.Loaded(slot.Snapshot(tools.Options()));
                    break;
                case DraftWaiter change when !slot.ChangingDraft:
                    slot.Dequeue(change);
                    ChangeDraft(slot, owner, change.Draft, change);
                    break;
                case LeaseWaiter lease:
                    Serve(slot, owner, lease, now);
                    break;
            }

            node = next;
        }
    }

    private void Serve(ModelSlot slot, WorkerOwner owner, LeaseWaiter waiter, DateTimeOffset now)
    {
        var wanted = waiter.Request.Draft;
        switch (DraftChoice.For(wanted, slot, owner.Snapshot, waiter.PlainFrom <= now))
        {
            case DraftChoice.Attach:
                ChangeDraft(slot, owner, wanted, null);
                break;
            case DraftChoice.Wait when !slot.ChangingDraft:
                waiter.PlainFrom ??= now + tools.Options().SpeculationWait;
                break;
            case DraftChoice.Refuse refuse:
                slot.Dequeue(waiter);
                waiter.Refuse(refuse.Failure);
                break;
            case DraftChoice.Serve serve:
                slot.Dequeue(waiter);
                slot.Leases++;
                var usesDraft = wanted is not null && serve.Note is null;
                slot.DraftLeases += usesDraft ? 1 : 0;
                if (!slot.ByUser)
                    slot.Ttl = waiter.Request.Ttl ?? slot.Ttl;
                owner.Enter();
                tools.OnRequest(slot.InstanceId, owner.Snapshot.WorkerId, usesDraft ? wanted!.Key : null, null);
                waiter.Grant(new WorkerLease(waiter.Request.Model, owner, usesDraft, serve.Note, tools.Workers.Times, lease => post(new ServerMessage.Returned(lease))));
                break;
        }
    }

    private void ChangeDraft(ModelSlot slot, WorkerOwner owner, Models.ModelEntry? draft, DraftWaiter? user)
    {
        slot.ChangingDraft = true;
        _ = ChangeAsync();

        async Task ChangeAsync() => post(new ServerMessage.DraftChanged(
            owner, draft?.Key, await owner.ChangeDraftAsync(draft is null ? null : tools.Planner.DraftOf(draft, slot.Wanted?.DraftSettings ?? slot.Wanted?.Model.Defaults.DraftLoad, owner.Plan)), user));
    }
}
