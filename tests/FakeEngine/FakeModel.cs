using FakeEngine.Scripts;
using Tandem.Protocol;

namespace FakeEngine;

/// <summary>The loaded model: its script, its places, its draft.</summary>
internal sealed class FakeModel
{
    private volatile DraftInfo? _draft;
    private ulong _revision;
    private IReadOnlyList<int> _cache = [];

    public FakeModel(FakeScript script, LoadSettings? settings)
    {
        Script = script;
        Tokenizer = new FakeTokenizer(script);
        Settings = settings?.Clone() ?? new LoadSettings();
        if (Settings.ContextLength == 0)
            Settings.ContextLength = Math.Min(script.ContextLength, 4096);
        if (Settings.Parallel == 0)
            Settings.Parallel = 1;
        Places = new SemaphoreSlim((int)Settings.Parallel);
    }

    public FakeScript Script { get; }

    public FakeTokenizer Tokenizer { get; }

    public LoadSettings Settings { get; }

    /// <summary>One per sequence that may run at the same time; waiters are served in order.</summary>
    public SemaphoreSlim Places { get; }

    public Totals Totals { get; } = new();

    /// <summary>Null: none attached.</summary>
    public DraftInfo? Draft => _draft;

    public ulong Revision => Volatile.Read(ref _revision);

    public DraftInfo Attach(DraftModel draft, FakeScript script)
    {
        var info = new DraftInfo
        {
            Key = draft.Model?.Key ?? "",
            Description = script.Name,
            Tokenizer = new FakeTokenizer(script).Info,
            Revision = Interlocked.Increment(ref _revision),
            Settings = draft.Settings ?? new LoadSettings(),
            ParameterCount = script.ParameterCount,
        };
        _draft = info;
        return info;
    }

    /// <summary>False when there was none.</summary>
    public bool Detach()
    {
        if (_draft is null)
            return false;
        _draft = null;
        Interlocked.Increment(ref _revision);
        return true;
    }

    /// <summary>Takes the place of the last prompt; returns how much of the new one was there already (never all of it).</summary>
    public int Cache(IReadOnlyList<int> prompt)
    {
        var before = Interlocked.Exchange(ref _cache, prompt);
        var common = 0;
        while (common < Math.Min(before.Count, prompt.Count - 1) && before[common] == prompt[common])
            common++;
        return common;
    }

    public IEnumerable<DeviceMemory> Memory()
    {
        var memory = EstimateOf(Script, Settings.ContextLength);
        if (_draft is not null)
            memory.Draft = Script.Memory.Compute;
        yield return memory;
    }

    public static DeviceMemory EstimateOf(FakeScript script, uint contextLength) => new()
    {
        Device = "CPU",
        Weights = script.Memory.Weights,
        KvCache = script.Memory.KvPerToken * contextLength,
        Compute = script.Memory.Compute,
    };

    public LoadedModel Describe(double seconds, IEnumerable<string> notices) => new()
    {
        Architecture = Script.Architecture,
        Description = Script.Name,
        ParameterCount = Script.ParameterCount,
        FileSize = Script.Memory.Weights,
        LayerCount = Script.LayerCount,
        EmbeddingLength = Script.EmbeddingLength,
        ContextLength = Settings.ContextLength,
        TrainedContextLength = Script.ContextLength,
        Parallel = Settings.Parallel,
        Tokenizer = Tokenizer.Info,
        ChatTemplate = Script.ChatTemplate,
        Memory = { Memory() },
        Draft = _draft,
        Notices = { notices },
        Settings = Settings,
        CanGenerate = Script.CanGenerate,
        CanEmbed = Script.CanEmbed,
        CacheCanTrim = true,
        LoadSeconds = seconds,
    };
}
