using System.Text.Json;
using System.Text.Json.Nodes;
using Tandem.Protocol;

namespace Tandem.Host.Models;

/// <summary>Per-model defaults: what a request or a load gets where it says nothing. Null means the built-in default.</summary>
public sealed record ModelDefaults
{
    public static ModelDefaults None { get; } = new();

    /// <summary>Key of the draft model; <c>auto</c>: the best of the index; <c>off</c>: none.</summary>
    public string? DraftModel { get; init; }

    public LoadSettings? Load { get; init; }

    /// <summary>The draft's own.</summary>
    public LoadSettings? DraftLoad { get; init; }

    public Sampling? Sampling { get; init; }

    /// <summary>Length 0 is <c>auto</c>, said on purpose: it overrides a fixed length that ships with the model.</summary>
    public Protocol.Speculation? Speculation { get; init; }

    /// <summary>These, and where they say nothing <paramref name="shipped"/>.</summary>
    public ModelDefaults Over(ModelDefaults shipped)
    {
        ArgumentNullException.ThrowIfNull(shipped);
        return new ModelDefaults
        {
            DraftModel = DraftModel ?? shipped.DraftModel,
            Load = Merge(shipped.Load, Load),
            DraftLoad = Merge(shipped.DraftLoad, DraftLoad),
            Sampling = Merge(shipped.Sampling, Sampling),
            Speculation = Merge(shipped.Speculation, Speculation),
        };
    }

    /// <summary><c>{"draft_model", "load": {…, "draft": {…}}, "sampling": {…}, "speculation": {…}}</c>; what says nothing is left out.</summary>
    internal JsonObject ToJson()
    {
        var result = new JsonObject();
        if (DraftModel is not null)
            result["draft_model"] = DraftModel;
        if (Load is not null || DraftLoad is not null)
        {
            var load = SettingsJson.Write(Load ?? new LoadSettings());
            if (DraftLoad is not null)
                load["draft"] = SettingsJson.Write(DraftLoad);
            result["load"] = load;
        }

        if (Sampling is not null)
            result["sampling"] = SettingsJson.Write(Sampling);
        if (Speculation is not null)
        {
            var speculation = SettingsJson.Write(Speculation);
            if (Speculation is { HasLength: true, Length: 0 })
                speculation["length"] = "auto";
            result["speculation"] = speculation;
        }

        return result;
    }

    /// <summary>The reverse of <see cref="ToJson"/>; nulls count as absent.</summary>
    /// <param name="problem">Gets the path of a wrong field and what it must be.</param>
    internal static ModelDefaults Read(JsonElement source, Action<string, string> problem)
    {
        var defaults = None;
        foreach (var property in source.EnumerateObject())
        {
            var value = property.Value;
            if (value.ValueKind == JsonValueKind.Null)
                continue;
            switch (property.Name)
            {
                case "draft_model" when value.ValueKind == JsonValueKind.String:
                    defaults = defaults with { DraftModel = value.GetString() };
                    break;
                case "draft_model":
                    problem("draft_model", "the key of a model, 'auto' or 'off'");
                    break;
                case "load":
                    var (load, draft) = ReadLoad(value, problem);
                    defaults = defaults with { Load = load, DraftLoad = draft };
                    break;
                case "sampling":
                    defaults = defaults with { Sampling = ReadInto(new Sampling(), value, "sampling", problem) };
                    break;
                case "speculation":
                    defaults = defaults with { Speculation = ReadSpeculation(value, problem) };
                    break;
                default:
                    problem(property.Name, "one of the settings there are: draft_model, load, sampling, speculation");
                    break;
            }
        }

        return defaults;
    }

    /// <summary>Load settings, with <c>draft</c> for the draft's own.</summary>
    internal static (LoadSettings Load, LoadSettings? Draft) ReadLoad(JsonElement value, Action<string, string> problem)
    {
        const string Draft = "draft";
        var draft = Find(value, Draft) is { } own ? ReadInto(new LoadSettings(), own, "load.draft", problem) : null;
        return (ReadInto(new LoadSettings(), value, "load", problem, except: Draft), draft);
    }

    private static Protocol.Speculation ReadSpeculation(JsonElement value, Action<string, string> problem)
    {
        const string Length = "length";
        var isAuto = Find(value, Length) is { ValueKind: JsonValueKind.String } length && length.ValueEquals("auto");
        var speculation = ReadInto(new Protocol.Speculation(), value, "speculation", problem, except: isAuto ? Length : null);
        if (isAuto)
            speculation.Length = 0;
        return speculation;
    }

    private static JsonElement? Find(JsonElement source, string name)
    {
        try
        {
            return source.ValueKind == JsonValueKind.Object && source.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
        }
        catch (InvalidOperationException)
        {
            // A name is no text; reading the object says so.
            return null;
        }
    }

    private static T ReadInto<T>(T message, JsonElement value, string path, Action<string, string> problem, string? except = null)
        where T : Google.Protobuf.IMessage
    {
        SettingsJson.Read(value, message, path, problem, except);
        return message;
    }

    private static T? Merge<T>(T? shipped, T? own)
        where T : class, Google.Protobuf.IMessage<T>, Google.Protobuf.IDeepCloneable<T>
    {
        if (shipped is null || own is null)
            return own ?? shipped;
        var merged = shipped.Clone();
        merged.MergeFrom(own);
        return merged;
    }
}
