using Grpc.Core;
using Tandem.Engine.LlamaCpp.Inference;
using Tandem.Engine.LlamaCpp.Service;
using Tandem.Engine.Worker;
using Tandem.Protocol;
using Tandem.Tests.Gguf;

namespace Tandem.Tests.LlamaCpp;

public sealed class LoadSettingsTests
{
    private const string Question = "Tell me a story about a fox.";

    [Fact]
    public void Every_load_setting_of_the_contract_is_accepted_and_reported_back()
    {
        Assert.Equal(
            LoadSettings.Descriptor.Fields.InDeclarationOrder().Count + RopeSettings.Descriptor.Fields.InDeclarationOrder().Count - 1,
            EngineFacts.Settings.Count(name => name.StartsWith("load.", StringComparison.Ordinal) && !name.StartsWith("load.draft.", StringComparison.Ordinal)));
        var settings = new LoadSettings
        {
            ContextLength = 300,
            Parallel = 3,
            BatchSize = 100,
            PhysicalBatchSize = 50,
            KvKeyType = "q8_0",
            KvValueType = "q4_0",
            GpuLayers = 0,
            Devices = { "CPU" },
            DeviceShares = { 1 },
            Threads = 1,
            PromptThreads = 2,
            FlashAttention = Toggle.On,
            MemoryMap = false,
            MemoryLock = false,
            KvOnGpu = false,
            Seed = 5,
            Rope = new RopeSettings { Scaling = "linear", FrequencyScale = 0.5f },
            PromptCacheBytes = 7,
            ExpertCount = 2,
            Pooling = "mean",
            Adapters = { new Adapter { Path = "x", Scale = 1 } },
        };
        Assert.Equal(settings, Placement.From(settings, "load").ToSettings());
    }

    [Theory]
    [InlineData("parallel", 0u)]
    [InlineData("parallel", 257u)]
    [InlineData("threads", 0u)]
    [InlineData("prompt_threads", 0u)]
    [InlineData("batch_size", 0u)]
    [InlineData("physical_batch_size", 4000u)]
    [InlineData("kv_key_type", "q9_9")]
    [InlineData("kv_value_type", "q4_K")]
    [InlineData("pooling", "rank")]
    public void A_wrong_setting_is_refused_by_name(string name, object value)
    {
        var settings = new LoadSettings();
        LoadSettings.Descriptor.FindFieldByName(name).Accessor.SetValue(settings, value);
        AssertRefused(name, () => Placement.From(settings, "load"));
    }

    [Fact]
    public void A_wrong_rope_a_wrong_device_and_wrong_shares_are_refused_by_name()
    {
        AssertRefused("rope.scaling", () => Placement.From(new LoadSettings { Rope = new RopeSettings { Scaling = "spiral" } }, "load"));
        AssertRefused("rope.frequency_base", () => Placement.From(new LoadSettings { Rope = new RopeSettings { FrequencyBase = -1 } }, "load"));
        AssertRefused("device_shares", () => Placement.From(new LoadSettings { Devices = { "CPU" }, DeviceShares = { 1, 2 } }, "load"));
        AssertRefused("devices[0]", () => LlamaFixture.Load(new LoadSettings { Devices = { "CUDA7" } }));
    }

    [Theory]
    [InlineData("q8_0", "q8_0")]
    [InlineData("f32", "f32")]
    [InlineData("bf16", "q4_0")]
    public async Task A_quantised_cache_serves_with_and_without_a_draft(string key, string value)
    {
        await using var engine = LlamaFixture.Load(new LoadSettings { KvKeyType = key, KvValueType = value, FlashAttention = Toggle.On });
        await LlamaFixture.AttachAsync(engine);
        Assert.Contains("def quicksort", (await LoopDriver.AskAsync(engine, LoopDriver.Chat("Write quicksort in Python. Code only.", 4))).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scaled_positions_lengthen_the_context_and_change_the_text()
    {
        await using var plain = LlamaFixture.Load(new LoadSettings { ContextLength = 4000 });
        await using var scaled = LlamaFixture.Load(new LoadSettings { ContextLength = 4000, Rope = new RopeSettings { Scaling = "linear", FrequencyScale = 0.25f } });
        Assert.Equal((2048, 4000), (plain.Placement.ContextLength, scaled.Placement.ContextLength));
        Assert.NotEqual((await AskAsync(plain)).Text, (await AskAsync(scaled)).Text);
    }

    [Fact]
    public async Task An_adapter_changes_the_text_by_its_scale_and_a_broken_one_is_refused()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "adapter.gguf");
        await File.WriteAllBytesAsync(path, RandomAdapter(), TestContext.Current.CancellationToken);
        await using var plain = LlamaFixture.Load();
        await using var silent = LlamaFixture.Load(new LoadSettings { Adapters = { new Adapter { Path = path, Scale = 0 } } });
        await using var loud = LlamaFixture.Load(new LoadSettings { Adapters = { new Adapter { Path = path, Scale = 1 } } });
        var expected = (await AskAsync(plain)).Text;
        Assert.Equal(expected, (await AskAsync(silent)).Text);
        Assert.NotEqual(expected, (await AskAsync(loud)).Text);
        AssertRefused("adapters[0]", () => LlamaFixture.Load(new LoadSettings { Adapters = { new Adapter { Path = LlamaFixture.Storyteller, Scale = 1 } } }));
    }

    [Fact]
    public void An_estimate_says_what_main_and_draft_would_hold_and_loads_nothing()
    {
        Assert.Null(Tandem.Engine.LlamaCpp.Native.NativeLlama.Load(LlamaFixture.Runtime));
        var request = new EstimateRequest
        {
            Model = new ModelReference { Path = LlamaFixture.Storyteller },
            Settings = new LoadSettings { ContextLength = 1024, KvKeyType = "f16", KvValueType = "f16", Threads = 1 },
        };
        var main = MemoryEstimate.Of(request, default);
        var memory = Assert.Single(main.Memory);
        Assert.InRange(memory.Weights, 2_500_000ul, 3_500_000ul);
        // 6 layers × 1,024 tokens × 2 × 2 bytes × what keys and values of a token take.
        Assert.InRange(memory.KvCache, 1_000_000ul, 5_000_000ul);
        Assert.True(memory.Compute > 100_000);
        Assert.Equal(0ul, memory.Draft);

        request.Settings.ContextLength = 2048;
        request.Draft = LlamaFixture.Draft;
        var both = Assert.Single(MemoryEstimate.Of(request, default).Memory);
        Assert.InRange(both.Draft, 700_000ul, 12_000_000ul);
        Assert.InRange(both.KvCache, (2 * memory.KvCache) + 1, 3 * memory.KvCache);
        Assert.True(both.Compute > memory.Compute);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_draft_that_an_accelerator_has_no_room_for_runs_on_the_processor_and_says_so(bool mayMove)
    {
        await using var engine = LlamaFixture.Load();
        var notices = new List<string>();
        var purpose = new LoadPurpose("load.draft", null, () => false, IsDraft: true);
        // The library's own answer on a machine with such a device.
        (LlamaModel, LlamaContext, Placement) Load(Placement place) => place.GpuLayers != 0
            ? throw Refusal.ResourceExhausted("model_load_failed", "unable to allocate CUDA0 buffer")
            : ModelLoader.Load(LlamaFixture.Draft.Model, place, purpose, _ => { }, CancellationToken.None);
        var asked = Placement.From(new LoadSettings { ContextLength = (uint)engine.Placement.ContextLength }, "load.draft");
        if (!mayMove)
        {
            Assert.Throws<RpcException>(() => ModelLoader.LoadWhereItFits(asked, mayMove, Load, notices));
            Assert.Empty(notices);
            return;
        }
        var (model, context, placement) = ModelLoader.LoadWhereItFits(asked, mayMove, Load, notices);
        Assert.Equal("The draft runs on the processor: unable to allocate CUDA0 buffer", Assert.Single(notices));
        await engine.Loop.AttachAsync(new DraftUnit("tandem/storyteller-draft", model, context, placement, notices));
        var answer = await LoopDriver.AskAsync(engine, LoopDriver.Chat("Write quicksort in Python. Code only.", draftLength: 4));
        Assert.True(answer.Finished.Speculation.Accepted > 0);
    }

    private static Task<Told> AskAsync(LoadedEngine engine)
    {
        var request = LoopDriver.Chat(Question);
        request.MaxTokens = 40;
        return LoopDriver.AskAsync(engine, request);
    }

    private static void AssertRefused(string field, Func<object> action)
    {
        var refused = Assert.Throws<RpcException>(action);
        Assert.Equal($"load.{field}", Refusal.DetailOf(refused)?.Field);
    }

    /// <summary>A LoRA of rank 4 for the first layer's queries of the Storyteller, with random numbers.</summary>
    private static byte[] RandomAdapter()
    {
        const int Width = 192;
        const int Rank = 4;
        var file = new GgufBuilder()
            .Text("general.architecture", "llama")
            .Text("general.type", "adapter")
            .Text("adapter.type", "lora")
            .Entry("adapter.lora.alpha", 6, writer => writer.Write(8f))
            .Tensor("blk.0.attn_q.weight.lora_a", [Width, Rank], 0, 4)
            .Tensor("blk.0.attn_q.weight.lora_b", [Rank, Width], 0, 4)
            .Build();
        var random = new Random(1);
        foreach (ref var number in System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(file.AsSpan(^(2 * Width * Rank * 4)..)))
            number = (random.NextSingle() - 0.5f) * 2;
        return file;
    }
}
