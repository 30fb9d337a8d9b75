using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Tandem.Cli;

/// <summary>Calls of the host's management API. Its refusals are <see cref="ComplaintException"/>s, which the command prints.</summary>
internal sealed class HostCalls(HttpClient client)
{
    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(100);

    public Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, path, null, type, cancellationToken);

    /// <summary>Asks until the answer is complete: a host that has just started is still looking at the models.</summary>
    public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, Func<T, bool> isComplete, CancellationToken cancellationToken)
    {
        while (true)
        {
            var answer = await GetAsync(path, type, cancellationToken);
            if (isComplete(answer))
                return answer;
            await Task.Delay(AskEvery, TimeProvider.System, cancellationToken);
        }
    }

    /// <param name="body">JSON.</param>
    public Task<T> PostAsync<T>(string path, ReadOnlyMemory<byte> body, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, path, body, type, cancellationToken);

    public Task<T> DeleteAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, path, null, type, cancellationToken);

    /// <summary>Starts a long action, says on the terminal what it does, and waits for its result; an interruption of the command cancels it.</summary>
    /// <param name="body">JSON.</param>
    public async Task<JsonElement> RunJobAsync(string path, ReadOnlyMemory<byte> body, bool quiet, CancellationToken cancellationToken)
    {
        var job = await PostAsync(path, body, CliJson.Default.JobView, cancellationToken);
        var line = new ProgressLine(!quiet && !Console.IsErrorRedirected);
        try
        {
            return await AwaitJobAsync(job, line, cancellationToken);
        }
        finally
        {
            line.End();
        }
    }

    private async Task<JsonElement> AwaitJobAsync(JobView job, ProgressLine line, CancellationToken cancellationToken)
    {
        var path = $"/api/tandem/jobs/{job.Id}";
        try
        {
            while (job.State == "running")
            {
                line.Show(job.Message, job.Progress);
                await Task.Delay(AskEvery, TimeProvider.System, cancellationToken);
                job = await GetAsync(path, CliJson.Default.JobView, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            await DeleteAsync(path, CliJson.Default.JobView, CancellationToken.None);
            throw;
        }

        return job.State == "succeeded"
            ? job.Result ?? default
            : throw new ComplaintException(new Complaint(ExitCodes.Of(job.Error?.Code), job.Error?.Message ?? $"The job was {job.State}.", job.Error?.NextStep ?? ""));
    }

    private async Task<T> SendAsync<T>(HttpMethod method, string path, ReadOnlyMemory<byte>? body, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is { } json)
        {
            request.Content = new ReadOnlyMemoryContent(json);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        using var response = await client.SendAsync(request, cancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        if (response.IsSuccessStatusCode)
            return (await JsonSerializer.DeserializeAsync(stream, type, cancellationToken))!;
        throw new ComplaintException(await ComplaintOfAsync(response, stream, cancellationToken));
    }

    private static async Task<Complaint> ComplaintOfAsync(HttpResponseMessage response, Stream stream, CancellationToken cancellationToken)
    {
        try
        {
            var body = await JsonSerializer.DeserializeAsync(stream, CliJson.Default.ErrorBodyView, cancellationToken);
            if (body?.Error is { Message: { } message } error)
            {
                var lines = message.Split('\n', 2);
                return new Complaint(ExitCodes.Of(error.Code), lines[0], lines.Length > 1 ? lines[1] : "");
            }
        }
        catch (JsonException)
        {
            // Not one of our errors; the status has to do.
        }

        return new Complaint(ExitCodes.Failed, $"The host answered with status {(int)response.StatusCode}.", "Look at its log.");
    }
}

/// <summary>Ends a command with a complaint.</summary>
internal sealed class ComplaintException(Complaint complaint) : Exception(complaint.Cause)
{
    public Complaint Complaint => complaint;
}

/// <param name="State"><c>running</c>, <c>succeeded</c>, <c>failed</c> or <c>cancelled</c>.</param>
internal sealed record JobView(string Id, string State, double? Progress, string? Message, JsonElement? Result, JobErrorView? Error);

internal sealed record JobErrorView(string? Code, string? Message, string? NextStep);
