using System.Diagnostics;
using FakeEngine.Scripts;
using Grpc.Core;
using Grpc.Health.V1;
using Tandem.Protocol;
using Tandem.Tests.Support;

namespace Tandem.Bench;

/// <summary>What the transport costs by itself: a worker that computes nothing, so that only calls and messages are left.</summary>
internal static class TransportBench
{
    private const int WarmUpCalls = 2_000;
    private const int Calls = 10_000;
    private const uint WarmUpMessages = 20_000;
    private const uint Messages = 100_000;
    private const int Streams = 4;

    private static readonly FakeScript Endless = new()
    {
        ContextLength = int.MaxValue,
        Answers = [new() { Steps = [["token"]], Repeat = true }],
    };

    public static async Task<int> RunAsync(string[] arguments)
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        Console.WriteLine($"start of the process to start line   {worker.StartSeconds * 1000,10:F0} ms");
        await worker.LoadAsync(Endless, request => request.Settings = new LoadSettings { ContextLength = int.MaxValue });

        await MeasureCallsAsync(worker, WarmUpCalls);
        var times = await MeasureCallsAsync(worker, Calls);
        Array.Sort(times);
        Console.WriteLine($"unary round trip, median             {times[Calls / 2],10:F1} µs");
        Console.WriteLine($"unary round trip, 99 %               {times[Calls * 99 / 100],10:F1} µs");

        await StreamAsync(worker, WarmUpMessages);
        var began = Stopwatch.GetTimestamp();
        await StreamAsync(worker, Messages);
        Console.WriteLine($"streamed messages, 1 stream          {Messages / Stopwatch.GetElapsedTime(began).TotalSeconds,10:F0} /s");

        began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Streams).Select(_ => StreamAsync(worker, Messages / Streams)));
        Console.WriteLine($"streamed messages, {Streams} streams         {Messages / Stopwatch.GetElapsedTime(began).TotalSeconds,10:F0} /s");
        return 0;
    }

    /// <summary>Microseconds of each of so many calls, one after the other.</summary>
    private static async Task<double[]> MeasureCallsAsync(WorkerUnderTest worker, int count)
    {
        var health = new Health.HealthClient(worker.WithToken);
        var request = new HealthCheckRequest();
        var times = new double[count];
        for (var i = 0; i < count; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await health.CheckAsync(request);
            times[i] = Stopwatch.GetElapsedTime(began).TotalMicroseconds;
        }

        return times;
    }

    private static async Task StreamAsync(WorkerUnderTest worker, uint messages)
    {
        using var call = worker.Client.Generate(new GenerateRequest { MaxTokens = messages });
        var tokens = 0u;
        await foreach (var message in call.ResponseStream.ReadAllAsync())
            tokens += (uint)(message.Step?.Tokens.Count ?? 0);
        if (tokens != messages)
            throw new InvalidOperationException($"{tokens} of {messages} tokens arrived");
    }
}
