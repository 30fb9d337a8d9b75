using Microsoft.Data.Sqlite;

namespace Tandem.Host.Storage;

/// <summary>
/// The database could not do what was asked of it. An exception, because no caller can do anything about a full or broken disk but let it
/// through; the borders turn it into its <see cref="Failure"/>.
/// </summary>
public sealed class StorageException(Failure failure, Exception? inner = null) : Exception(failure.Message, inner)
{
    private const int DiskFull = 13;
    private const int ReadOnly = 8;
    private const int IoError = 10;

    public Failure Failure => failure;

    internal static Failure Explain(SqliteException exception) => exception.SqliteErrorCode switch
    {
        DiskFull => new Failure(FailureCodes.StorageFailed, "The database could not be written: the disk is full.", NextStep: "Make room on the disk of the home."),
        ReadOnly => new Failure(FailureCodes.StorageFailed, "The database cannot be written: its file is read-only.", NextStep: "Check the rights of tandem.db."),
        IoError => new Failure(FailureCodes.StorageFailed, $"The disk failed while the database was used: {exception.Message}", NextStep: "Check the disk of the home."),
        DatabaseOpening.Corrupt or DatabaseOpening.NotADatabase => new Failure(
            FailureCodes.StorageFailed, "The database is damaged.", NextStep: "Start Tandem again: it sets the damaged file aside and begins a new one."),
        _ => new Failure(FailureCodes.StorageFailed, $"The database failed: {exception.Message}"),
    };
}
