namespace Tandem.Host.Runtimes;

/// <summary>Who uses a runtime now: what a worker runs on is never touched.</summary>
public interface IRuntimeUsers
{
    /// <summary>Ids of the workers that run on it, also of those that are starting or ending.</summary>
    IReadOnlyList<string> WorkersOn(string runtimeId);
}
