using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FakeEngine.Scripts;
using Google.Protobuf;
using Grpc.Core;
using Tandem.Engine.Worker;
using Tandem.Protocol;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Interop;

/// <summary>The contract between C# and Python, in both directions, over a Unix socket; neither side shares code with the other.</summary>
[Trait("Tier", "Functional")]
public sealed class PythonInteropTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task A_Python_client_works_with_FakeEngine()
    {
        var python = await PythonEnvironment.RequireAsync();
        var script = new FakeScript
        {
            Answers =
            [
                new() { When = "endless", Steps = [["tick "]], Repeat = true, StepMs = 1 },
                new() { Steps = [["Once", " more"], ["."]] },
            ],
        };
        await using var worker = await WorkerUnderTest.StartAsync();

        var result = await RunClientAsync(python, worker, "fake", worker.Write(script));

        Assert.Equal("Once more.", result.GetProperty("whole").GetProperty("text").GetString());
        Assert.Equal("FINISH_REASON_EOS", result.GetProperty("whole").GetProperty("reason").GetString());
    }

    [Fact]
    public async Task A_Python_client_works_with_the_llama_cpp_worker()
    {
        var python = await PythonEnvironment.RequireAsync();
        var runtime = LlamaWorker.RequireRuntime();
        var model = Path.Combine(SharedFolder.Path ?? "", "models", "SmolLM2-135M-Instruct.Q4_1.gguf");
        Assert.SkipUnless(File.Exists(model), "SmolLM2 is not in ../shared/models");
        await using var worker = await WorkerUnderTest.StartAsync(new ProcessStartInfo(LlamaWorker.Executable), runtime);

        var result = await RunClientAsync(python, worker, "llama.cpp", Path.GetFullPath(model));

        Assert.Equal("llama", result.GetProperty("architecture").GetString());
        Assert.NotEqual("", result.GetProperty("whole").GetProperty("text").GetString());
    }

    [Fact]
    public async Task A_Csharp_client_works_with_a_Python_worker()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Python listens on loopback there");
        var python = await PythonEnvironment.RequireAsync();
        await using var worker = await WorkerUnderTest.StartAsync(start: python.Script("server.py"));
        Assert.NotNull(worker.Line);

        var challenge = RandomNumberGenerator.GetBytes(32);
        var hello = await worker.Client.HandshakeAsync(new HandshakeRequest { ProtocolMax = 1, Challenge = ByteString.CopyFrom(challenge) });
        Assert.Equal(WorkerContract.Prove(worker.Token, challenge), hello.Proof.ToByteArray());
        Assert.Equal((uint)worker.Line.Pid, hello.Engine.Pid);

        using var call = worker.Client.Generate(new GenerateRequest());
        var messages = await call.ResponseStream.ReadAllAsync().ToListAsync(TestContext.Current.CancellationToken);
        var tokens = messages[..^1].SelectMany(message => message.Step.Tokens).ToList();
        Assert.Equal("café!", Encoding.UTF8.GetString([.. tokens.SelectMany(token => token.Piece)]));
        Assert.Equal([Origin.Main, Origin.Draft, Origin.Main], tokens.Select(token => token.Origin));
        Assert.Equal(FinishReason.Eos, messages[^1].Finished.Reason);
    }

    [Fact]
    public async Task A_refusal_of_a_Python_worker_arrives_with_every_field_of_its_detail()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Python listens on loopback there");
        var python = await PythonEnvironment.RequireAsync();
        await using var worker = await WorkerUnderTest.StartAsync(start: python.Script("server.py"));

        using var call = worker.Client.Generate(new GenerateRequest { Sampling = new Sampling { TopP = 2 } });
        var refusal = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None));

        Assert.Equal(StatusCode.InvalidArgument, refusal.StatusCode);
        Assert.Equal(
            new ErrorDetail
            {
                Code = "invalid_value",
                Field = "sampling.top_p",
                Message = "top_p is 0 to 1 – “größer” geht nicht",
                NextStep = "Give a smaller top_p.",
                RetryAfter = 1.5,
            },
            Refusal.DetailOf(refusal));
    }

    /// <summary>
    /// Runs client.py against any C# worker and checks what holds for all of them. The model must have an answer of up to 16 tokens to
    /// "Once upon a time", and go on for at least 3 tokens with ignore_eos.
    /// </summary>
    internal static async Task<JsonElement> RunClientAsync(PythonEnvironment python, WorkerUnderTest worker, string engineId, string model)
    {
        var start = python.Script("client.py");
        foreach (var argument in (string[])[worker.Line!.Endpoint, engineId, model])
            start.ArgumentList.Add(argument);
        start.Environment[WorkerContract.TokenVariable] = worker.Token;
        var result = JsonElement.Parse(await PythonEnvironment.RunAsync(start, Bound));

        Assert.Equal("[\"UNAUTHENTICATED\", \"invalid_token\"]", result.GetProperty("without_token").GetRawText());
        Assert.True(result.GetProperty("proof_holds").GetBoolean());
        Assert.Equal(engineId, result.GetProperty("engine").GetString());
        Assert.Equal("SERVING", result.GetProperty("health").GetString());
        var progress = result.GetProperty("progress").EnumerateArray().Select(fraction => fraction.GetDouble()).ToList();
        Assert.Equal(progress.Order(), progress);
        Assert.Equal("FAILED_PRECONDITION", result.GetProperty("second_load").GetString());
        var whole = result.GetProperty("whole");
        Assert.InRange(whole.GetProperty("tokens").GetInt32(), 1, 16);
        Assert.Equal(whole.GetProperty("tokens").GetInt32(), whole.GetProperty("emitted").GetInt32());
        var cancelled = result.GetProperty("cancelled");
        Assert.Equal("CANCELLED", cancelled.GetProperty("code").GetString());
        var inAll = cancelled.GetProperty("emitted_in_all").GetInt32() - whole.GetProperty("emitted").GetInt32();
        Assert.InRange(inAll, cancelled.GetProperty("seen").GetInt32(), 2999);
        return result;
    }
}
