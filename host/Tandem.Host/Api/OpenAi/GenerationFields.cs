using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Tandem.Host.Serving;
using Tandem.Protocol;

namespace Tandem.Host.Api.OpenAi;

/// <summary>The fields that every generating endpoint has. The first wrong one is named.</summary>
internal static class GenerationFields
{
    /// <summary>Answers of one request; more than the queue of a model takes could not run.</summary>
    public const int MostAnswers = 128;
    public const int MostLogprobs = 100;

    // As the worker contract has them.
    private const int MostStops = 64;
    private const int LongestStop = 1024;
    private const int LongestDraft = 32;

    /// <summary>Puts what is read into a request that has its prompt already.</summary>
    public static ChatRequest Read(JsonFields fields, ChatRequest request, FieldProblems problems)
    {
        RefuseUnsupported(fields, problems);
        var most = ReadLimit(fields, "max_completion_tokens", problems) ?? ReadLimit(fields, "max_tokens", problems);
        var ttl = fields.Whole("ttl", 0, int.MaxValue);
        return request with
        {
            DraftModel = fields.Text("draft_model"),
            Ttl = ttl is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            Speculation = ReadSpeculation(fields, problems),
            Sampling = ReadSampling(fields, problems),
            Stop = ReadStop(fields, problems),
            MaxTokens = most < 0 ? null : most,
            Seed = ReadSeed(fields, problems),
            TruncateMiddle = ReadTruncation(fields, problems),
        };
    }

    public static string ReadModel(JsonFields fields, FieldProblems problems)
    {
        var model = fields.Text("model");
        if (string.IsNullOrWhiteSpace(model))
            problems.Add("model", "the name of a model");
        return model ?? "";
    }

    public static AnswerOptions ReadOptions(JsonFields fields)
    {
        var options = fields.Object("stream_options");
        return new AnswerOptions
        {
            Stream = fields.Flag("stream") ?? false,
            IncludeUsage = options?.Flag("include_usage") ?? false,
            IncludeDraftOrigin = options?.Flag("include_draft_origin") ?? false,
            PerPrompt = fields.Whole("n", 1, MostAnswers) ?? 1,
        };
    }

    public static void NotSupported(FieldProblems problems, string name, string message) =>
        problems.Add(FailureCodes.NotSupported, name, message, $"Leave '{name}' out.");

    /// <summary>What would change the answer and is not there is refused by name rather than ignored.</summary>
    private static void RefuseUnsupported(JsonFields fields, FieldProblems problems)
    {
        foreach (var name in (ReadOnlySpan<string>)["tools", "functions"])
        {
            if (fields.Find(name) is { } value && !(value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0))
                NotSupported(problems, name, "Tool calls are not supported yet.");
        }

        if (fields.Find("tool_choice") is { } choice
            && !(choice.ValueKind == JsonValueKind.String && JsonFields.TextOf(choice, "tool_choice", problems) is "none" or "auto"))
            NotSupported(problems, "tool_choice", "Tool calls are not supported yet.");
        if (fields.Object("response_format") is { } format && format.Text("type") is var type and not "text" && !problems.Any)
            NotSupported(problems, "response_format", $"The response format '{type}' is not supported yet; 'text' is.");
        if (fields.Has("audio"))
            NotSupported(problems, "audio", "Spoken answers are not supported.");
    }

    private static Sampling ReadSampling(JsonFields fields, FieldProblems problems)
    {
        var sampling = new Sampling();
        if (fields.Number("temperature", 0, 2) is { } temperature)
            sampling.Temperature = temperature;
        if (fields.Number("top_p", 0, 1) is { } topP)
            sampling.TopP = topP;
        if (fields.Whole("top_k", -1, int.MaxValue) is { } topK)
            sampling.TopK = (uint)Math.Max(0, topK);
        if (fields.Number("min_p", 0, 1) is { } minP)
            sampling.MinP = minP;
        if (fields.Number("repeat_penalty", 0.01, 10) is { } repeat)
            sampling.RepetitionPenalty = repeat;
        if (fields.Number("frequency_penalty", -2, 2) is { } frequency)
            sampling.FrequencyPenalty = frequency;
        if (fields.Number("presence_penalty", -2, 2) is { } presence)
            sampling.PresencePenalty = presence;
        if (fields.Whole("min_tokens", 0, int.MaxValue) is { } least and > 0)
            sampling.MinTokens = (uint)least;
        if (fields.Flag("ignore_eos") == true)
            sampling.IgnoreEos = true;
        ReadLogitBias(fields, sampling, problems);
        return sampling;
    }

    private static void ReadLogitBias(JsonFields fields, Sampling sampling, FieldProblems problems)
    {
        if (fields.Find("logit_bias") is not { } map)
            return;
        if (map.ValueKind != JsonValueKind.Object)
        {
            problems.Add("logit_bias", "an object of token id and bias");
            return;
        }

        foreach (var entry in map.EnumerateObject())
        {
            if (!TryReadBias(entry, out var bias))
            {
                problems.Add("logit_bias", "an object of token id (a whole number, 0 or more) and bias (a number from -100 to 100)");
                return;
            }

            sampling.LogitBias.Add(bias);
        }
    }

    private static bool TryReadBias(JsonProperty entry, out LogitBias bias)
    {
        bias = new LogitBias();
        // The raw name: an escaped one is no number, and decoding it could throw.
        var name = JsonMarshal.GetRawUtf8PropertyName(entry);
        if (!int.TryParse(name, NumberStyles.None, null, out var token)
            || entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetDouble(out var value) || value is < -100 or > 100)
            return false;
        bias = new LogitBias { Token = token, Bias = (float)value };
        return true;
    }

    private static string[] ReadStop(JsonFields fields, FieldProblems problems)
    {
        if (fields.Find("stop") is not { } value)
            return [];
        if (value.ValueKind == JsonValueKind.String)
            return ReadStopText(value, "stop", problems) is { } single ? [single] : [];
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > MostStops)
        {
            problems.Add("stop", $"a text or a list of at most {MostStops} texts");
            return [];
        }

        return [.. value.EnumerateArray().Select((item, i) => ReadStopText(item, $"stop[{i}]", problems)).OfType<string>()];
    }

    private static string? ReadStopText(JsonElement value, string path, FieldProblems problems)
    {
        if (JsonFields.TextOf(value, path, problems) is not { } text)
            return null;
        if (text.Length > 0 && Encoding.UTF8.GetByteCount(text) <= LongestStop)
            return text;
        problems.Add(path, $"a text of 1 to {LongestStop} bytes");
        return null;
    }

    /// <summary>-1 means unlimited.</summary>
    private static int? ReadLimit(JsonFields fields, string name, FieldProblems problems)
    {
        if (fields.Find(name) is not { } value)
            return null;
        if (JsonFields.WholeOf(value) is { } number && (number == -1 || number is >= 1 and <= int.MaxValue))
            return (int)number;
        problems.Add(name, "a whole number, 1 or more, or -1 for no limit");
        return null;
    }

    private static bool ReadTruncation(JsonFields fields, FieldProblems problems)
    {
        var policy = fields.Text("context_overflow");
        if (policy is not (null or "stop" or "truncate_middle"))
            problems.Add("context_overflow", "'stop' or 'truncate_middle'");
        return policy == "truncate_middle";
    }

    private static ulong? ReadSeed(JsonFields fields, FieldProblems problems)
    {
        if (fields.Find("seed") is not { } value)
            return null;
        if (JsonFields.WholeOf(value) is not { } number)
        {
            problems.Add("seed", "a whole number of at most 64 bits, or -1 for a random one");
            return null;
        }

        return number == -1 ? null : number < 0 ? unchecked((ulong)(long)number) : (ulong)number;
    }

    private static SpeculationRequest ReadSpeculation(JsonFields fields, FieldProblems problems)
    {
        if (fields.Object("speculation") is not { } speculation)
            return new SpeculationRequest();
        var (length, lengthGiven) = ReadLength(speculation, problems);
        return new SpeculationRequest(
            ReadProposer(speculation, problems),
            length,
            lengthGiven,
            speculation.Whole("min_length", 0, LongestDraft),
            speculation.Number("min_probability", 0, 1));
    }

    private static Proposer ReadProposer(JsonFields speculation, FieldProblems problems)
    {
        switch (speculation.Text("proposer"))
        {
            case null: return Proposer.Unspecified;
            case "draft": return Proposer.Draft;
            case "ngram": return Proposer.Ngram;
            case "combined": return Proposer.Combined;
            default:
                problems.Add(speculation.PathOf("proposer"), "'draft', 'ngram' or 'combined'");
                return Proposer.Unspecified;
        }
    }

    private static (int? Length, bool Given) ReadLength(JsonFields speculation, FieldProblems problems)
    {
        if (speculation.Find("length") is not { } value)
            return (null, false);
        if (value.ValueKind == JsonValueKind.String && JsonFields.TextOf(value, speculation.PathOf("length"), problems) == "auto")
            return (null, true);
        if (JsonFields.WholeOf(value) is { } number && number is >= 1 and <= LongestDraft)
            return ((int)number, true);
        problems.Add(speculation.PathOf("length"), $"'auto' or a whole number from 1 to {LongestDraft}");
        return (null, false);
    }
}
