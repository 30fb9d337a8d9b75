namespace Tandem.Engine.Worker;

/// <summary>What the supervisor told this worker at launch. Not a record: the token must not end up in a log by accident.</summary>
public sealed class WorkerIdentity
{
    internal WorkerIdentity(string token, string socketDirectory, string runtimeDirectory, int supervisorPid, WorkerLifetime lifetime)
    {
        Token = token;
        SocketDirectory = socketDirectory;
        RuntimeDirectory = runtimeDirectory;
        SupervisorPid = supervisorPid;
        Lifetime = lifetime;
    }

    /// <summary>Secret of this instance, expected in the metadata of every call.</summary>
    public string Token { get; }

    /// <summary>Absolute path of the folder in which the worker binds its socket.</summary>
    public string SocketDirectory { get; }

    /// <summary>Absolute path of the folder with the engine's libraries.</summary>
    public string RuntimeDirectory { get; }

    public int SupervisorPid { get; }

    public WorkerLifetime Lifetime { get; }
}
