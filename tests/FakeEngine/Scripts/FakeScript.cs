namespace FakeEngine.Scripts;

/// <summary>
/// A model of the fake engine, and what the engine does with it. The file is JSON with these names in snake_case; every field has a
/// default. Fields, units and examples: README.md of this project.
/// </summary>
public sealed class FakeScript
{
    public string Name { get; set; } = "Fake";
    public string Architecture { get; set; } = "fake";
    public ulong ParameterCount { get; set; } = 1_000_000;
    public uint LayerCount { get; set; } = 2;
    public uint ContextLength { get; set; } = 4096;
    public uint EmbeddingLength { get; set; } = 16;
    public bool CanGenerate { get; set; } = true;
    public bool CanEmbed { get; set; } = true;
    public string ChatTemplate { get; set; } = DefaultTemplate;
    public FakeTokenizerFacts Tokenizer { get; set; } = new();
    public FakeEngineFacts Engine { get; set; } = new();
    public FakeMemory Memory { get; set; } = new();
    public FakeLoad Load { get; set; } = new();

    /// <summary>The first whose <see cref="FakeAnswer.When"/> fits the prompt is given.</summary>
    public List<FakeAnswer> Answers { get; set; } = [new() { Steps = [["Hello"], [","], [" world"], ["."]] }];

    public FakeFaults Faults { get; set; } = new();

    /// <summary>An answer whose reader does not read for so long is cancelled.</summary>
    public double ReaderPatienceMs { get; set; } = 60_000;

    private const string DefaultTemplate =
        "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
        + "{% if add_generation_prompt %}<|assistant|>{% endif %}";
}

public sealed class FakeTokenizerFacts
{
    /// <summary>Two models pair when these are equal.</summary>
    public string Fingerprint { get; set; } = "fake";
    public string Kind { get; set; } = "characters";
    public string PreTokenizer { get; set; } = "none";

    /// <summary>0: code points, control tokens and the pieces of the script.</summary>
    public uint Size { get; set; }
    public bool AddBos { get; set; }
    public bool AddEos { get; set; }
    public string BosText { get; set; } = "<|begin|>";
    public string EosText { get; set; } = "<|end|>";

    /// <summary>Tokens for filling a gap; -1: none.</summary>
    public int FimPrefix { get; set; } = -1;
    public int FimSuffix { get; set; } = -1;
    public int FimMiddle { get; set; } = -1;

    /// <summary>Token texts by id, for the plugin's reasons when fingerprints differ; empty: none.</summary>
    public List<string> Texts { get; set; } = [];
}

/// <summary>What the handshake says; read from the script of the process, not of the model.</summary>
public sealed class FakeEngineFacts
{
    public string Version { get; set; } = "1.0.0";
    public string Build { get; set; } = "scripted";

    /// <summary>Null: <see cref="FakeDefaults.Capabilities"/>.</summary>
    public List<string>? Capabilities { get; set; }

    /// <summary>Null: every setting of the contract.</summary>
    public List<string>? Settings { get; set; }
    public List<FakeDevice> Devices { get; set; } = [new()];
}

public sealed class FakeDevice
{
    public string Name { get; set; } = "CPU";
    public string Description { get; set; } = "Fake processor";
    public string Kind { get; set; } = "Cpu";
    public ulong MemoryTotal { get; set; } = 8UL << 30;
    public ulong MemoryFree { get; set; } = 4UL << 30;
}

/// <summary>Bytes.</summary>
public sealed class FakeMemory
{
    public ulong Weights { get; set; } = 2_000_000;
    public ulong KvPerToken { get; set; } = 128;
    public ulong Compute { get; set; } = 100_000;
}

public sealed class FakeLoad
{
    public uint Steps { get; set; } = 2;

    /// <summary>Real milliseconds before each progress message.</summary>
    public double StepMs { get; set; }
}

public sealed class FakeAnswer
{
    /// <summary>Text that the prompt must contain; empty: any prompt.</summary>
    public string When { get; set; } = "";

    /// <summary>One list per decode step. Without a proposer every token is a step of its own and comes from the main model.</summary>
    public List<List<FakeToken>> Steps { get; set; } = [];

    /// <summary>The answer is the prompt, one character per step; <see cref="Steps"/> is not used.</summary>
    public bool EchoPrompt { get; set; }

    /// <summary>The steps begin again until max_tokens, the context or the caller ends the answer.</summary>
    public bool Repeat { get; set; }

    /// <summary>eos, max_tokens, context_full, constraint_complete: how the answer ends when its steps are through.</summary>
    public string Finish { get; set; } = "eos";

    /// <summary>Reported instead of the measured time; null: measured.</summary>
    public double? PromptSeconds { get; set; }

    /// <inheritdoc cref="PromptSeconds"/>
    public double? GenerationSeconds { get; set; }

    /// <summary>Real milliseconds of prompt processing.</summary>
    public double PromptMs { get; set; }

    /// <summary>Real milliseconds before each step.</summary>
    public double StepMs { get; set; }

    /// <summary>Reported when the steps ran through with a proposer; null: counted from the origins.</summary>
    public FakeCounters? Speculation { get; set; }
}

public sealed class FakeCounters
{
    public ulong Drafted { get; set; }
    public ulong Accepted { get; set; }
    public ulong Rejected { get; set; }
    public ulong Ignored { get; set; }
    public IReadOnlyList<ulong> DecidedByPosition { get; set; } = [];
    public IReadOnlyList<ulong> AcceptedByPosition { get; set; } = [];
}
