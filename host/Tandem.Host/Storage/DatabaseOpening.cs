using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Tandem.Host.Storage;

/// <summary>Opens the database file: sets a damaged one aside, refuses one of a newer Tandem, brings an older one up to date.</summary>
internal sealed class DatabaseOpening(string file, IReadOnlyList<Schema> schemas, TimeProvider clock, ILogger logger)
{
    public const int Corrupt = 11;
    public const int NotADatabase = 26;

    /// <summary>Files up to this size are checked whole, which takes a few milliseconds; larger ones where they are read.</summary>
    private const long CheckedWhole = 16 * 1024 * 1024;

    private const int CopiesKept = 3;
    private readonly List<string> _notices = [];

    public DatabaseState Run()
    {
        try
        {
            if (schemas.GroupBy(schema => schema.Feature).FirstOrDefault(group => group.Count() > 1) is { } twice)
                throw new InvalidOperationException($"two schemas are called '{twice.Key}'");
            try
            {
                return Open();
            }
            catch (SqliteException exception) when (exception.SqliteErrorCode is Corrupt or NotADatabase)
            {
                SetAside(exception.Message);
                return Open();
            }
        }
        catch (SqliteException exception)
        {
            StorageLog.Failed(logger, exception);
            return new DatabaseState.Unusable(StorageException.Explain(exception));
        }
        catch (Exception exception)
        {
            StorageLog.Failed(logger, exception);
            return new DatabaseState.Unusable(new Failure(
                FailureCodes.StorageFailed, $"The database {file} cannot be used: {exception.Message}", NextStep: "Check the disk and the rights of the home."));
        }
    }

    private DatabaseState Open()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        var isNew = !File.Exists(file);
        var connection = Connect();
        try
        {
            if (!isNew)
                Check(connection);
            connection.Execute("CREATE TABLE IF NOT EXISTS schema_versions (feature TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT");
            var versions = connection.Query("SELECT feature, version FROM schema_versions", row => (Feature: row.GetString(0), Version: row.GetInt64(1)))
                .ToDictionary(row => row.Feature, row => row.Version);
            if (schemas.FirstOrDefault(schema => versions.GetValueOrDefault(schema.Feature) > schema.Migrations.Count) is { } newer)
            {
                connection.Dispose();
                return new DatabaseState.Unusable(new Failure(
                    FailureCodes.StorageFailed,
                    $"The database {file} was written by a newer Tandem ('{newer.Feature}' is at version {versions[newer.Feature]}, this one knows {newer.Migrations.Count}).",
                    NextStep: "Update Tandem, or choose another home with --home or TANDEM_HOME."));
            }

            foreach (var schema in schemas.OrderBy(schema => schema.Feature, StringComparer.Ordinal))
                Migrate(connection, schema, versions.GetValueOrDefault(schema.Feature), copies: !isNew);
            return new DatabaseState.Open(_notices) { Connection = connection };
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private SqliteConnection Connect()
    {
        // Not pooled: a pool would keep the file open after us.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        try
        {
            connection.Open();
            connection.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void Check(SqliteConnection connection)
    {
        if (new FileInfo(file).Length <= CheckedWhole && connection.Scalar<string>("PRAGMA quick_check(1)") is { } found and not "ok")
            throw new SqliteException(found, Corrupt);
    }

    private void Migrate(SqliteConnection connection, Schema schema, long from, bool copies)
    {
        for (var version = from + 1; version <= schema.Migrations.Count; version++)
        {
            StorageLog.Migrates(logger, file, schema.Feature, version - 1, version);
            if (copies)
                Copy(connection, schema.Feature, version);
            using var transaction = connection.BeginTransaction();
            connection.Execute(schema.Migrations[(int)version - 1]);
            connection.Execute(
                "INSERT INTO schema_versions VALUES ($feature, $version) ON CONFLICT (feature) DO UPDATE SET version = excluded.version",
                ("$feature", schema.Feature), ("$version", version));
            transaction.Commit();
        }
    }

    /// <summary>The whole database as it is before a step, so that a step that goes wrong loses nothing; the last few are kept.</summary>
    private void Copy(SqliteConnection connection, string feature, long version)
    {
        var copy = $"{file}.before-{feature}-{version}";
        File.Delete(copy);
        connection.Execute("VACUUM INTO $copy", ("$copy", copy));
        foreach (var old in new DirectoryInfo(Path.GetDirectoryName(file)!).GetFiles(Path.GetFileName(file) + ".before-*")
            .OrderByDescending(found => found.LastWriteTimeUtc).Skip(CopiesKept))
        {
            old.Delete();
        }
    }

    private void SetAside(string reason)
    {
        var aside = $"{file}.damaged-{clock.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}";
        foreach (var part in new[] { "", "-wal", "-shm" })
        {
            if (File.Exists(file + part))
                File.Move(file + part, aside + part, overwrite: true);
        }

        var notice = $"The database {file} is damaged ({reason}). It was set aside as {Path.GetFileName(aside)} and a new one was begun: "
            + "settings, defaults, chats and measurements are as on the first day.";
        StorageLog.SetAside(logger, notice);
        _notices.Add(notice);
    }
}
