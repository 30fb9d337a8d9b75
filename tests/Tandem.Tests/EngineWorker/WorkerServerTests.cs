using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using FakeEngine.Scripts;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using Tandem.Engine.Worker;
using Tandem.Protocol;
using Tandem.Tests.Support;

namespace Tandem.Tests.EngineWorker;

public sealed class WorkerServerTests(ITestOutputHelper output)
{
    private static readonly FakeScript Endless = new() { Answers = [new() { Steps = [["tick "]], Repeat = true, StepMs = 1 }] };

    [Fact]
    public async Task The_start_line_names_the_socket_and_the_worker_and_comes_soon()
    {
        await using var worker = await WorkerUnderTest.StartAsync();

        Assert.NotNull(worker.Line);
        Assert.Equal(worker.Process.Id, worker.Line.Pid);
        Assert.Equal(WorkerContract.ProtocolMax, worker.Line.Protocol);
        var socket = worker.Line.Endpoint["unix:".Length..];
        Assert.Equal(worker.Folder, Path.GetDirectoryName(socket));
        Assert.InRange(Path.GetFileName(socket).Length, 3, 12);
        output.WriteLine($"start line after {worker.StartSeconds * 1000:F0} ms (goal 200)");
        Assert.InRange(worker.StartSeconds, 0, 2);
    }

    [Fact]
    public async Task The_socket_is_open_to_its_owner_only()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "named pipes have no file mode");
        await using var worker = await WorkerUnderTest.StartAsync();

        var mode = UnixFiles.ModeOf(worker.Line!.Endpoint["unix:".Length..]);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, mode);
    }

    [Fact]
    public async Task An_idle_connection_stays_open()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "a pipe there");
        await using var worker = await WorkerUnderTest.StartAsync();
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(worker.Line!.Endpoint["unix:".Length..]), TestContext.Current.CancellationToken);
        // HTTP/2's preface with empty settings: a connection on which nothing is asked.
        await socket.SendAsync(Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0"), TestContext.Current.CancellationToken);

        // The server looks at its connections once a second. Silence cannot be waited for in any other way than by waiting.
        using var silence = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        var buffer = new byte[256];
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            while (await socket.ReceiveAsync(buffer, silence.Token) > 0)
            {
                // Its own settings and acknowledgements.
            }
        });
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("not the token")]
    public async Task A_call_without_the_token_is_refused_health_included(string? token)
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        var headers = new Metadata();
        if (token is not null)
            headers.Add(WorkerContract.TokenHeader, token);

        var stats = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Protocol.Engine.EngineClient(worker.WithoutToken).StatsAsync(new StatsRequest(), headers));
        var health = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Health.HealthClient(worker.WithoutToken).CheckAsync(new HealthCheckRequest(), headers));
        var stream = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            using var call = new Protocol.Engine.EngineClient(worker.WithoutToken).Generate(new GenerateRequest(), headers);
            await call.ResponseStream.MoveNext(CancellationToken.None);
        });

        foreach (var refusal in (RpcException[])[stats, health, stream])
        {
            Assert.Equal(StatusCode.Unauthenticated, refusal.StatusCode);
            Assert.Equal("invalid_token", Refusal.DetailOf(refusal)?.Code);
        }
    }

    [Fact]
    public async Task Health_is_serving_before_a_model_is_loaded()
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        var health = new Health.HealthClient(worker.WithToken);

        var answer = await health.CheckAsync(new HealthCheckRequest { Service = "tandem.engine.v1.Engine" });

        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, answer.Status);
        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await health.CheckAsync(new HealthCheckRequest { Service = "other" }));
        Assert.Equal(StatusCode.NotFound, refusal.StatusCode);
    }

    [Fact]
    public async Task The_handshake_proves_the_token_and_names_the_process()
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        var challenge = RandomNumberGenerator.GetBytes(32);

        var answer = await worker.Client.HandshakeAsync(new HandshakeRequest
        {
            ProtocolMin = 1,
            ProtocolMax = 7,
            Challenge = ByteString.CopyFrom(challenge),
        });

        Assert.Equal(1u, answer.Protocol);
        Assert.Equal(WorkerContract.Prove(worker.Token, challenge), answer.Proof.ToByteArray());
        Assert.Equal((uint)worker.Process.Id, answer.Engine.Pid);
        Assert.Contains("speculation.draft", answer.Capabilities);
        Assert.Contains("load.draft.gpu_layers", answer.Settings);
    }

    [Theory]
    [InlineData(2, 5, 16, "protocol_mismatch", StatusCode.FailedPrecondition)]
    [InlineData(0, 0, 16, "protocol_mismatch", StatusCode.FailedPrecondition)]
    [InlineData(1, 1, 15, "invalid_value", StatusCode.InvalidArgument)]
    [InlineData(1, 1, 65, "invalid_value", StatusCode.InvalidArgument)]
    public async Task A_handshake_that_cannot_work_is_refused_with_the_reason(uint min, uint max, int challenge, string code, StatusCode status)
    {
        await using var worker = await WorkerUnderTest.StartAsync();

        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await worker.Client.HandshakeAsync(new HandshakeRequest
        {
            ProtocolMin = min,
            ProtocolMax = max,
            Challenge = ByteString.CopyFrom(new byte[challenge]),
        }));

        Assert.Equal(status, refusal.StatusCode);
        Assert.Equal(code, Refusal.DetailOf(refusal)?.Code);
    }

    [Fact]
    public async Task An_unexpected_exception_is_an_internal_error_with_its_name_in_the_log_too()
    {
        var script = new FakeScript { Faults = new() { Handshake = new() { Throw = true } } };
        await using var worker = await WorkerUnderTest.StartAsync(script);

        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await worker.Client.HandshakeAsync(new HandshakeRequest()));
        await worker.Client.ShutdownAsync(new ShutdownRequest());

        Assert.Equal(StatusCode.Internal, refusal.StatusCode);
        Assert.Equal("internal", Refusal.DetailOf(refusal)?.Code);
        Assert.Contains("System.InvalidOperationException: the script asks for an exception", await worker.ErrorsAsync());
    }

    [Fact]
    public async Task Shutdown_is_answered_running_calls_end_as_unloaded_and_the_process_exits_0()
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        await worker.LoadAsync(Endless);
        using var call = worker.Client.Generate(new GenerateRequest());
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));

        await worker.Client.ShutdownAsync(new ShutdownRequest());

        Assert.Equal(FinishReason.ModelUnloaded, (await LastOf(call)).Finished.Reason);
        Assert.Equal(0, await worker.ExitAsync());
    }

    [Fact]
    public async Task An_open_health_watch_is_told_of_the_end_and_does_not_delay_it()
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        using var watch = new Health.HealthClient(worker.WithToken).Watch(new HealthCheckRequest());
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));

        await worker.Client.ShutdownAsync(new ShutdownRequest());

        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, watch.ResponseStream.Current.Status);
        Assert.Equal(0, await worker.ExitAsync());
    }

    [Fact]
    public async Task A_message_of_many_megabytes_passes_and_one_beyond_the_limit_is_refused()
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        await worker.LoadAsync(new FakeScript());

        var answer = await worker.Client.TokenizeAsync(TextOf(8 << 20));
        Assert.Equal(8 << 20, answer.Ids.Count);

        await using var other = await WorkerUnderTest.StartAsync();
        using var unlimited = WorkerUnderTest.Connect(other.Line!.Endpoint, maxMessageBytes: null);
        var headers = new Metadata { { WorkerContract.TokenHeader, other.Token } };
        var refusal = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Protocol.Engine.EngineClient(unlimited).TokenizeAsync(TextOf(WorkerContract.MaxMessageBytes), headers));
        Assert.Equal(StatusCode.ResourceExhausted, refusal.StatusCode);
    }

    private static TokenizeRequest TextOf(int characters)
        => new() { Prompt = new Prompt { Segments = { new Segment { Text = new TextSegment { Text = new string('x', characters) } } } } };

    private static async Task<GenerateResponse> LastOf(AsyncServerStreamingCall<GenerateResponse> call)
    {
        using var bound = new CancellationTokenSource(WorkerUnderTest.Bound);
        GenerateResponse? last = null;
        await foreach (var message in call.ResponseStream.ReadAllAsync(bound.Token))
            last = message;
        return last!;
    }
}
