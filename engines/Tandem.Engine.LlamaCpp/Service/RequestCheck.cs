using Tandem.Engine.LlamaCpp.Inference;
using Tandem.Engine.LlamaCpp.Speculation;
using Tandem.Engine.Worker;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Service;

/// <summary>Refuses what a Generate request may not ask, before it reaches the loop; every refusal names its field.</summary>
internal static class RequestCheck
{
    private const uint MaxTopLogprobs = 100;
    private const int MaxStops = 64;
    private const int MaxStopBytes = 1024;

    /// <exception cref="Grpc.Core.RpcException">The first fault found.</exception>
    internal static void Check(GenerateRequest request, LoadedEngine engine, int promptTokens)
    {
        var errors = new List<SettingError>();
        SamplingSettings.Read(request.Sampling, engine.Model.Vocabulary.Size, errors);
        SpeculationSettings.Read(request.Speculation, Proposer.None, errors);
        if (errors.Count > 0)
            throw Refusal.InvalidArgument(errors[0].Code, errors[0].Field, string.Join(" ", errors.Select(error => error.Message)));
        if (promptTokens >= engine.Placement.ContextLength)
        {
            throw Refusal.InvalidArgument(
                "context_length_exceeded", "prompt",
                $"The prompt has {promptTokens} tokens; the context holds {engine.Placement.ContextLength}, one of them for the answer.",
                "Shorten the prompt, or load the model with a longer context.");
        }
        RefuseUnsupported(request);
        CheckStops(request.Stop);
    }

    private static void RefuseUnsupported(GenerateRequest request)
    {
        if (request.Constraint is not null)
            throw Refusal.NotSupported("constraint", "This worker cannot constrain an answer yet.");
        if (request.TopLogprobs > MaxTopLogprobs)
            throw Refusal.InvalidArgument("invalid_value", "top_logprobs", $"top_logprobs must be 0 to {MaxTopLogprobs}, not {request.TopLogprobs}.");
        if (!Enum.IsDefined(request.Overflow))
            throw Refusal.NotSupported("overflow", $"This worker has no overflow policy {(int)request.Overflow}.");
    }

    private static void CheckStops(Google.Protobuf.Collections.RepeatedField<string> stops)
    {
        if (stops.Count > MaxStops)
            throw Refusal.InvalidArgument("invalid_value", "stop", $"There may be {MaxStops} stop strings, not {stops.Count}.");
        for (var index = 0; index < stops.Count; index++)
        {
            var length = System.Text.Encoding.UTF8.GetByteCount(stops[index]);
            if (length is < 1 or > MaxStopBytes)
                throw Refusal.InvalidArgument("invalid_value", $"stop[{index}]", $"A stop string has 1 to {MaxStopBytes} bytes, not {length}.");
        }
    }
}
