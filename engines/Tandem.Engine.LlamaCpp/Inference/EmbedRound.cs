using Tandem.Engine.LlamaCpp.Native;
using Tandem.Engine.Worker;

namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>Inputs to be turned into vectors.</summary>
/// <param name="Inputs">Tokens of each, at least one and no more than the context.</param>
/// <param name="Normalize">Scale every vector to length 1.</param>
/// <param name="Cancelled">Nobody waits any more.</param>
internal sealed record EmbedJob(List<List<int>> Inputs, bool Normalize, CancellationToken Cancelled)
{
    /// <summary>The vectors, in the order of the inputs.</summary>
    internal TaskCompletionSource<float[][]> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal float[][] Vectors { get; } = new float[Inputs.Count][];

    /// <summary>Inputs that have been given to a pass.</summary>
    internal int Taken { get; set; }
}

/// <summary>Computes embeddings: as many inputs per pass as fit, of one job or of several, first come, first served.</summary>
internal sealed class EmbedRound(LlamaContext context, Placement placement, LoopCounters counters)
{
    private readonly Queue<EmbedJob> _jobs = [];
    private readonly List<(EmbedJob Job, int Input)> _pass = [];

    internal bool HasWork => _jobs.Count > 0;

    internal int Waiting => _jobs.Count;

    internal void Add(EmbedJob job) => _jobs.Enqueue(job);

    internal void Fail(Exception error)
    {
        while (_jobs.TryDequeue(out var job))
            job.Done.TrySetException(error);
    }

    /// <summary>One pass.</summary>
    internal void Run()
    {
        _pass.Clear();
        while (_jobs.TryPeek(out var job) && AddInputs(job))
            _jobs.Dequeue();
        if (_pass.Count == 0)
            return;
        var rows = context.RowCount;
        var status = context.Decode();
        counters.AddStep();
        counters.AddPrompt(rows, 0);
        for (var sequence = 0; sequence < _pass.Count; sequence++)
            Conclude(_pass[sequence].Job, _pass[sequence].Input, sequence, status);
        context.Clear();
    }

    /// <summary>True when all inputs of the job are in a pass, or nobody wants them any more.</summary>
    private bool AddInputs(EmbedJob job)
    {
        if (job.Cancelled.IsCancellationRequested)
        {
            job.Done.TrySetCanceled(job.Cancelled);
            return true;
        }
        for (; job.Taken < job.Inputs.Count; job.Taken++)
        {
            var tokens = job.Inputs[job.Taken];
            if (_pass.Count == placement.Parallel || context.RowCount + tokens.Count > context.Capacity)
                return false;
            for (var position = 0; position < tokens.Count; position++)
                context.Add(tokens[position], position, _pass.Count, wantsLogits: true);
            _pass.Add((job, job.Taken));
        }
        return true;
    }

    private void Conclude(EmbedJob job, int input, int sequence, DecodeStatus status)
    {
        if (status != DecodeStatus.Ok)
        {
            job.Done.TrySetException(Refusal.Internal("decode_failed", $"llama.cpp could not compute this pass (code {(int)status}). {NativeLog.LastErrors()}", "Try again; load the model again if it persists."));
            return;
        }
        var vector = context.Embedding(sequence).ToArray();
        if (job.Normalize && Math.Sqrt(vector.Sum(value => (double)value * value)) is > 0 and var norm)
        {
            foreach (ref var value in vector.AsSpan())
                value = (float)(value / norm);
        }
        job.Vectors[input] = vector;
        if (job.Vectors.All(done => done is not null))
        {
            counters.AddFinished();
            job.Done.TrySetResult(job.Vectors);
        }
    }
}
