using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Tandem.Host;
using Tandem.Host.Storage;

namespace Tandem.Tests.Storage;

public sealed class DatabaseTests : IDisposable
{
    private static readonly Schema Notes = new("notes", "CREATE TABLE notes (text TEXT NOT NULL) STRICT");
    private static readonly Schema NotesLater = new("notes", [.. Notes.Migrations, "ALTER TABLE notes ADD COLUMN stars INTEGER NOT NULL DEFAULT 5"]);

    private readonly TemporaryFolder _home = new();

    [Fact]
    public async Task What_was_written_is_there_after_a_restart()
    {
        await using (var database = Open(Notes))
            await database.RunAsync(c => c.Execute("INSERT INTO notes VALUES ($text)", ("$text", "kept")), CancellationToken.None);
        await using var again = Open(Notes);
        Assert.Equal(["kept"], await ReadAsync(again));
        Assert.Equal("wal", await again.RunAsync(c => c.Scalar<string>("PRAGMA journal_mode"), CancellationToken.None));
        Assert.Equal(2, await again.RunAsync(c => c.Scalar<long>("PRAGMA synchronous"), CancellationToken.None));
    }

    [Fact]
    public async Task Work_that_throws_leaves_nothing_behind_and_the_next_goes_on()
    {
        await using var database = Open(Notes);
        await Assert.ThrowsAsync<InvalidOperationException>(() => database.RunAsync(
            c =>
            {
                c.Execute("INSERT INTO notes VALUES ('half')");
                throw new InvalidOperationException("no");
            },
            CancellationToken.None));
        Assert.Empty(await ReadAsync(database));
    }

    [Fact]
    public async Task A_bad_statement_is_a_failure_with_a_code()
    {
        await using var database = Open(Notes);
        var exception = await Assert.ThrowsAsync<StorageException>(() => database.RunAsync(c => c.Execute("NONSENSE"), CancellationToken.None));
        Assert.Equal(FailureCodes.StorageFailed, exception.Failure.Code);
    }

    [Fact]
    public async Task An_older_database_is_brought_up_to_date_after_a_copy()
    {
        await using (var database = Open(Notes))
            await database.RunAsync(c => c.Execute("INSERT INTO notes VALUES ('old')"), CancellationToken.None);
        await using (var database = Open(NotesLater, new Schema("other", "CREATE TABLE other (id INTEGER) STRICT")))
            Assert.Equal(5, await database.RunAsync(c => c.Scalar<long>("SELECT stars FROM notes"), CancellationToken.None));
        Assert.Equal(["tandem.db.before-notes-2", "tandem.db.before-other-1"], Files("*.before-*"));
        using var copy = new SqliteConnection($"Data Source={Path.Combine(_home.Path, "tandem.db.before-notes-2")};Pooling=False");
        copy.Open();
        Assert.Equal(["old"], copy.Query("SELECT * FROM notes", row => row.GetString(0)));
        Assert.Equal(1, copy.Scalar<long>("SELECT count(*) FROM pragma_table_info('notes')"));
    }

    [Fact]
    public async Task A_migration_that_fails_leaves_the_database_as_it_was()
    {
        await using (var database = Open(Notes))
            await database.RunAsync(c => c.Execute("INSERT INTO notes VALUES ('old')"), CancellationToken.None);
        await using (var broken = Open(new Schema("notes", [.. Notes.Migrations, "ALTER TABLE notes ADD COLUMN a; NONSENSE"])))
            Assert.IsType<DatabaseState.Unusable>(await broken.Opened);
        await using var again = Open(Notes);
        Assert.Equal(["old"], await ReadAsync(again));
    }

    [Fact]
    public async Task A_database_of_a_newer_version_is_refused_and_left_alone()
    {
        await Open(NotesLater).DisposeAsync();
        await using (var older = Open(Notes))
        {
            var failure = Assert.IsType<DatabaseState.Unusable>(await older.Opened).Failure;
            Assert.Contains("newer Tandem", failure.Message, StringComparison.Ordinal);
            Assert.NotNull(failure.NextStep);
            await Assert.ThrowsAsync<StorageException>(() => ReadAsync(older));
        }

        await using var newer = Open(NotesLater);
        Assert.IsType<DatabaseState.Open>(await newer.Opened);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4096)]
    public async Task A_damaged_database_is_set_aside_and_a_new_one_begun_and_it_is_said(int where)
    {
        await using (var database = Open(Notes))
            await database.RunAsync(c => c.Execute("INSERT INTO notes VALUES ('lost')"), CancellationToken.None);
        await using (var file = new FileStream(Path.Combine(_home.Path, "tandem.db"), FileMode.Open))
        {
            file.Position = where;
            file.Write(new byte[64]);
        }

        await using var again = Open(Notes);
        Assert.Contains("set aside", Assert.Single(Assert.IsType<DatabaseState.Open>(await again.Opened).Notices), StringComparison.Ordinal);
        Assert.Empty(await ReadAsync(again));
        Assert.Single(Files("*.damaged-*"));
    }

    [Fact]
    public async Task After_the_end_work_is_refused()
    {
        var database = Open(Notes);
        await database.DisposeAsync();
        await Assert.ThrowsAsync<StorageException>(() => ReadAsync(database));
    }

    public void Dispose() => _home.Dispose();

    private Database Open(params Schema[] schemas) =>
        new(new HostOptions { HomeFolder = _home.Path }, schemas, TimeProvider.System, NullLogger<Database>.Instance);

    private static Task<List<string>> ReadAsync(Database database) =>
        database.RunAsync(c => c.Query("SELECT text FROM notes", row => row.GetString(0)), CancellationToken.None);

    private IEnumerable<string> Files(string pattern) =>
        Directory.GetFiles(_home.Path, pattern).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal);
}
