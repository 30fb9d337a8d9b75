using Tandem.Host.Runtimes;

namespace Tandem.Host.Serving;

/// <summary>The workers there are, by the runtime they run on.</summary>
internal sealed class RuntimeUsers(ModelServer server) : IRuntimeUsers
{
    public IReadOnlyList<string> WorkersOn(string runtimeId) =>
        [.. server.Workers.Where(worker => worker.RuntimeId == runtimeId).Select(worker => worker.WorkerId)];
}
