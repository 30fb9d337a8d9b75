using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using FakeEngine.Scripts;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Tandem.Protocol;

namespace Tandem.Tests.Support;

/// <summary>A worker process started as the supervisor would, with this test process as its supervisor.</summary>
internal sealed class WorkerUnderTest : IAsyncDisposable
{
    /// <summary>Bound on waits for things that take well under a second.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    private readonly GrpcChannel? _channel;
    private readonly Task<string> _errors;

    private WorkerUnderTest(Process process, string folder, string token, string firstLine, double seconds)
    {
        Process = process;
        Folder = folder;
        Token = token;
        FirstLine = firstLine;
        StartSeconds = seconds;
        _errors = process.StandardError.ReadToEndAsync();
        Line = StartLine.TryParse(firstLine);
        if (Line is null)
            return;
        _channel = Connect(Line.Endpoint);
        WithoutToken = _channel.CreateCallInvoker();
        WithToken = WithoutToken.Intercept(headers =>
        {
            headers.Add(WorkerContract.TokenHeader, token);
            return headers;
        });
    }

    public Process Process { get; }

    /// <summary>Private to this worker: its sockets, its runtime, models of the test.</summary>
    public string Folder { get; }

    public string Token { get; }

    /// <summary>First line of its standard output; empty when it ended without one.</summary>
    public string FirstLine { get; }

    public StartLine? Line { get; }

    /// <summary>From the start of the process to its first line.</summary>
    public double StartSeconds { get; }

    public CallInvoker WithToken { get; } = null!;

    public CallInvoker WithoutToken { get; } = null!;

    public Protocol.Engine.EngineClient Client => new(WithToken);

    /// <summary>Starts FakeEngine with this script of its process.</summary>
    public static Task<WorkerUnderTest> StartAsync(FakeScript? processScript = null, string? executable = null, params string[] arguments)
        => StartAsync(new ProcessStartInfo(executable ?? TestOutput.FakeEngine, arguments), processScript: processScript);

    /// <summary>Starts any worker. <paramref name="runtimeDirectory"/> null: the worker's own folder.</summary>
    public static async Task<WorkerUnderTest> StartAsync(
        ProcessStartInfo start, string? runtimeDirectory = null, FakeScript? processScript = null)
    {
        var folder = Directory.CreateTempSubdirectory("tw-").FullName;
        if (processScript is not null)
            ScriptFile.Write(Path.Combine(folder, ScriptFile.ProcessScript), processScript);
        var token = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.Environment[WorkerContract.TokenVariable] = token;
        start.Environment[WorkerContract.SupervisorPidVariable] = $"{Environment.ProcessId}";
        start.Environment[WorkerContract.SocketDirectoryVariable] = folder;
        start.Environment[WorkerContract.RuntimeDirectoryVariable] = runtimeDirectory ?? folder;
        var began = Stopwatch.GetTimestamp();
        var process = await SpawnThread.StartAsync(start);
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(Bound);
        return new WorkerUnderTest(process, folder, token, line ?? "", Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    /// <summary>A channel as the supervisor makes it: the connection goes to the socket, the address is never resolved.</summary>
    public static GrpcChannel Connect(string endpoint, int? maxMessageBytes = WorkerContract.MaxMessageBytes)
    {
        var path = endpoint["unix:".Length..];
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        return GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = maxMessageBytes,
            MaxSendMessageSize = maxMessageBytes,
        });
    }

    /// <summary>Writes a model into the worker's folder.</summary>
    public string Write(FakeScript script, string stem = "model")
    {
        var path = Path.Combine(Folder, stem + ScriptFile.Extension);
        ScriptFile.Write(path, script);
        return path;
    }

    public async Task<LoadedModel> LoadAsync(FakeScript script, Action<LoadModelRequest>? change = null)
    {
        var request = new LoadModelRequest { EngineId = "fake", Model = new ModelReference { Path = Write(script), Key = "test/main" } };
        change?.Invoke(request);
        using var call = Client.LoadModel(request);
        LoadedModel? loaded = null;
        await foreach (var message in call.ResponseStream.ReadAllAsync())
            loaded = message.Loaded ?? loaded;
        return loaded ?? throw new InvalidOperationException("the load ended without its facts");
    }

    /// <summary>Everything it wrote to standard error, once it has ended.</summary>
    public Task<string> ErrorsAsync() => _errors.WaitAsync(Bound);

    /// <summary>Exit code; 128 + number after a signal.</summary>
    public async Task<int> ExitAsync()
    {
        using var bound = new CancellationTokenSource(Bound);
        await Process.WaitForExitAsync(bound.Token);
        return Process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        if (!Process.HasExited)
        {
            // End-of-file ends the whole group; the kill is for a worker that is broken.
            Process.StandardInput.Close();
            using var bound = new CancellationTokenSource(Bound);
            try
            {
                await Process.WaitForExitAsync(bound.Token);
            }
            catch (OperationCanceledException)
            {
                Process.Kill(entireProcessTree: true);
            }
        }

        Process.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
