using Microsoft.Data.Sqlite;

namespace Tandem.Host.Storage;

/// <summary>Outcome of opening the database.</summary>
public abstract record DatabaseState
{
    /// <param name="Notices">What a user should know of the opening: a damaged file that was set aside.</param>
    public sealed record Open(IReadOnlyList<string> Notices) : DatabaseState
    {
        internal SqliteConnection Connection { get; init; } = null!;
    }

    /// <summary>It cannot be used: written by a newer Tandem, or the disk does not let us.</summary>
    public sealed record Unusable(Failure Failure) : DatabaseState;
}
