using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Tandem.Host.Storage;

/// <summary>
/// The one database of a home, <c>tandem.db</c>. One loop owns its one connection; what features ask of it runs there one after the other,
/// each in a transaction. It opens on its own while the supervisor starts; work that comes earlier waits. What was written is on the disk
/// when the task completes.
/// </summary>
public sealed class Database : IAsyncDisposable
{
    private readonly Channel<IWork> _inbox = Channel.CreateUnbounded<IWork>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ILogger<Database> _logger;
    private readonly Task _loop;
    private volatile DatabaseState? _state;

    public Database(HostOptions options, IEnumerable<Schema> schemas, TimeProvider clock, ILogger<Database> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        _logger = logger;
        var opening = new DatabaseOpening(Path.Combine(options.HomeFolder, "tandem.db"), [.. schemas], clock, logger);
        Opened = Task.Run(opening.Run);
        _loop = Task.Run(RunAsync);
    }

    /// <summary>How it was opened; never faults.</summary>
    public Task<DatabaseState> Opened { get; }

    /// <summary>How it was opened; null while it is not yet.</summary>
    public DatabaseState? State => _state;

    /// <summary>Runs work on the connection in a transaction: committed when it returns, rolled back when it throws.</summary>
    /// <param name="work">Short, and about the database alone: all other features wait meanwhile.</param>
    /// <param name="cancellationToken">Gives the work up while it waits for its turn.</param>
    /// <exception cref="StorageException">The database is not there or failed; says why.</exception>
    public Task<T> RunAsync<T>(Func<SqliteConnection, T> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        var item = new Work<T>(work, cancellationToken);
        return _inbox.Writer.TryWrite(item) ? item.Result : Task.FromException<T>(new StorageException(Closed));
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    public Task RunAsync(Action<SqliteConnection> work, CancellationToken cancellationToken) => RunAsync(
        connection =>
        {
            work(connection);
            return true;
        },
        cancellationToken);

    /// <summary>Finishes what was asked for and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        _inbox.Writer.TryComplete();
        await _loop;
    }

    private static Failure Closed => new(FailureCodes.StorageFailed, "The database is closed: Tandem is stopping.", NextStep: "Start it again.");

    private async Task RunAsync()
    {
        var state = _state = await Opened;
        await foreach (var work in _inbox.Reader.ReadAllAsync(CancellationToken.None))
        {
            if (state is DatabaseState.Open open)
                work.Run(open.Connection, _logger);
            else
                work.Refuse(((DatabaseState.Unusable)state).Failure);
        }

        if (state is DatabaseState.Open { Connection: var connection })
            connection.Dispose();
    }

    private interface IWork
    {
        void Run(SqliteConnection connection, ILogger logger);

        void Refuse(Failure failure);
    }

    private sealed class Work<T>(Func<SqliteConnection, T> work, CancellationToken cancellationToken) : IWork
    {
        private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Result => _result.Task;

        public void Refuse(Failure failure) => _result.SetException(new StorageException(failure));

        public void Run(SqliteConnection connection, ILogger logger)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                _result.SetCanceled(cancellationToken);
                return;
            }

            try
            {
                using var transaction = connection.BeginTransaction(deferred: true);
                var value = work(connection);
                transaction.Commit();
                _result.SetResult(value);
            }
            catch (SqliteException exception)
            {
                StorageLog.Failed(logger, exception);
                _result.SetException(new StorageException(StorageException.Explain(exception), exception));
            }
            catch (Exception exception)
            {
                // The caller's own: it is told, the loop goes on.
                _result.SetException(exception);
            }
        }
    }
}
