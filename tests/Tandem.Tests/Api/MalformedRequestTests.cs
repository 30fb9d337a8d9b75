using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FakeEngine.Scripts;
using Tandem.Host;
using Tandem.Tests.Support;

namespace Tandem.Tests.Api;

/// <summary>Requests made wrong on purpose, from what the interface says of itself: no 5xx, every 4xx names the field, the host goes on.</summary>
public sealed class MalformedRequestTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Requests = 2000;
    private const int AtATime = 8;
    private const int Seed = 20261123;

    private HostUnderTest _host = null!;

    public async ValueTask InitializeAsync() => _host = await HostUnderTest.StartAsync(
        ("main", FakeScripts.Saying(FakeToken.FromMain("Hello"), FakeToken.FromMain(" you"))), ("draft", new FakeScript { ParameterCount = 10 }));

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Two_thousand_requests_that_are_wrong_somewhere_get_an_answer_that_says_where()
    {
        var (_, document) = await _host.GetAsync("/openapi/v1.json");
        var mutations = MutationSource.From(document, "main").Take(Requests, Seed).ToList();
        Assert.Equal(Requests, mutations.Count);
        var counts = new int[600];
        var problems = new List<string>();
        await Parallel.ForEachAsync(mutations, new ParallelOptions { MaxDegreeOfParallelism = AtATime }, async (mutation, cancellationToken) =>
        {
            var (status, problem) = await SendAsync(mutation, cancellationToken);
            lock (problems)
            {
                counts[status]++;
                if (problem is not null)
                    problems.Add(problem);
            }
        });

        output.WriteLine(string.Join(", ", Enumerable.Range(0, 600).Where(i => counts[i] > 0).Select(i => $"{counts[i]} × {i}")));
        Assert.True(problems.Count == 0, $"{problems.Count} of {Requests}:\n" + string.Join('\n', problems.Take(12)));
        Assert.InRange(counts[400], Requests / 2, Requests);
        var (alive, _) = await _host.GetAsync("/health");
        Assert.Equal(200, (int)alive);
    }

    private async Task<(int Status, string? Problem)> SendAsync(Mutation mutation, CancellationToken cancellationToken)
    {
        using var content = new ByteArrayContent(mutation.Body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await _host.Client.PostAsync(new Uri(mutation.Path, UriKind.Relative), content, cancellationToken);
        var status = (int)response.StatusCode;
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        var what = $"{mutation.Path} {mutation.Field}: {Encoding.UTF8.GetString(mutation.Body.AsSpan(0, Math.Min(mutation.Body.Length, 300)))}\n    {status} {text[..Math.Min(text.Length, 300)]}";
        if (status == 200)
        {
            // What was loaded goes again, or every request that turned out right would leave a process.
            if (mutation.Path == "/api/v1/models/load")
                await _host.PostAsync("/api/v1/models/unload", $$"""{"instance_id": "{{HostUnderTest.Parse(text).GetProperty("instance_id").GetString()}}"}""");
            return (status, null);
        }

        // It was given an instance that another of these requests has loaded, and that goes again.
        if (status == 503 && HostUnderTest.Parse(text).GetProperty("error").GetProperty("code").GetString() == FailureCodes.ModelUnloaded)
            return (status, null);
        if (status is < 400 or >= 500)
            return (status, what);
        var param = HostUnderTest.Parse(text).GetProperty("error").GetProperty("param").GetString();
        // A body that is no JSON has no field to name; else the field itself, or the one around it, is named.
        var named = mutation.Field is null ? param is null : param is not null && (param == mutation.Field
            || param.StartsWith(mutation.Field, StringComparison.Ordinal) || mutation.Field.StartsWith(param, StringComparison.Ordinal));
        return (status, named ? null : what);
    }
}

/// <param name="Field">Path of the field that was changed; null when the body as a whole is broken.</param>
internal sealed record Mutation(string Path, string? Field, byte[] Body);

/// <summary>Makes wrong requests of the described ones: one field of an example gets a value it should not have.</summary>
internal sealed class MutationSource
{
    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "1", "-1", "-2147483649", "1e999", "1.5", "9007199254740993", "18446744073709551616", "\"\"", "\"x\"", "\"\\u0000\"",
        "\"\\ud800\"", "\"auto\"", "[]", "{}", "[null]", "[[]]", "[1]", "[-1]", "[\"\"]", "[{}]", "{\"a\":1}", "{\"a\":1,\"a\":2}", "{\"\\ud800\":1}",
        "[{\"role\":\"user\"}]", "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":5}]}]", "\"" + "x\"", "[\"a\",[\"b\"]]", "{\"type\":\"json_object\"}",
    ];

    private readonly List<(string Path, JsonObject Example, List<string[]> Fields)> _operations = [];

    public static MutationSource From(JsonElement document, string model)
    {
        var source = new MutationSource();
        foreach (var path in document.GetProperty("paths").EnumerateObject().Where(path => path.Name.StartsWith("/v1/", StringComparison.Ordinal) || path.Name.StartsWith("/api/v", StringComparison.Ordinal)))
        {
            if (!path.Value.TryGetProperty("post", out var post) || !post.TryGetProperty("requestBody", out var request))
                continue;
            var content = request.GetProperty("content").GetProperty("application/json");
            if (!content.TryGetProperty("example", out var given))
                continue;
            var example = JsonNode.Parse(given.GetRawText())!.AsObject();
            example["model"] = model;
            example.Remove("draft_model");
            var fields = new List<string[]>();
            Collect(document, content.GetProperty("schema"), [], fields);
            source._operations.Add((path.Name, example, fields));
        }

        return source;
    }

    public IEnumerable<Mutation> Take(int count, int seed)
    {
        // Numbers drawn for tests, not for secrets.
        var random = new Random(seed);
        for (var i = 0; i < count; i++)
        {
            var (path, example, fields) = _operations[random.Next(_operations.Count)];
            yield return random.Next(20) == 0
                ? new Mutation(path, null, Broken(example, random))
                : Changed(path, example, fields[random.Next(fields.Count)], Values[random.Next(Values.Length)]);
        }
    }

    private static Mutation Changed(string path, JsonObject example, string[] field, string value)
    {
        // As text, because some of the values are none that a JSON tree could hold.
        const string mark = "\"@@here@@\"";
        var body = (JsonObject)example.DeepClone();
        var place = body;
        foreach (var name in field[..^1])
        {
            if (place[name] is not JsonObject inner)
                place[name] = inner = [];
            place = inner;
        }

        place[field[^1]] = "@@here@@";
        return new Mutation(path, string.Join('.', field), Encoding.UTF8.GetBytes(body.ToJsonString().Replace(mark, value, StringComparison.Ordinal)));
    }

    private static byte[] Broken(JsonObject example, Random random)
    {
        var bytes = Encoding.UTF8.GetBytes(example.ToJsonString());
        switch (random.Next(6))
        {
            case 0:
                return bytes[..random.Next(bytes.Length)];
            case 1:
                bytes[random.Next(bytes.Length)] = 0xff;
                return bytes;
            case 2:
                return [.. bytes, (byte)'}'];
            case 3:
                return Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", random.Next(65, 5000))));
            case 4:
                return Encoding.UTF8.GetBytes("[" + example.ToJsonString() + "]");
            default:
                return [];
        }
    }

    private static void Collect(JsonElement document, JsonElement schema, string[] path, List<string[]> fields)
    {
        if (schema.TryGetProperty("$ref", out var reference))
        {
            var name = reference.GetString()!.Split('/')[^1];
            Collect(document, document.GetProperty("components").GetProperty("schemas").GetProperty(name), path, fields);
            return;
        }

        foreach (var choice in schema.TryGetProperty("oneOf", out var choices) ? choices.EnumerateArray().ToList() : [])
            Collect(document, choice, path, fields);
        if (!schema.TryGetProperty("properties", out var properties) || path.Length >= 3)
            return;
        foreach (var property in properties.EnumerateObject())
        {
            fields.Add([.. path, property.Name]);
            Collect(document, property.Value, [.. path, property.Name], fields);
        }
    }
}
