using System.Globalization;
using System.Runtime.InteropServices;
using Tandem.Tests.Gguf;

namespace Tandem.Tests.LlamaCpp;

/// <summary>
/// Whole models of a few thousand random weights, of kinds that no embedded model is. They babble, always the same: what counts is how their
/// memory behaves. The vocabulary is every byte and five control tokens.
/// </summary>
internal static class TinyModel
{
    public const int End = 256;
    public const int FimPrefix = 258;
    public const int FimSuffix = 259;
    public const int FimMiddle = 260;

    private const ulong Vocabulary = 264;
    private const ulong Width = 32;
    private const uint Floats = 0;

    /// <summary>Recurrent: its memory is one state, of which nothing can be taken back.</summary>
    public static byte[] Mamba(int seed)
    {
        const ulong Inner = 2 * Width;
        const ulong State = 8;
        const ulong Rank = 8;
        const ulong Kernel = 4;
        var file = Head("mamba")
            .UInt32("mamba.feed_forward_length", 0).UInt32("mamba.attention.head_count", 0)
            .UInt32("mamba.ssm.conv_kernel", (uint)Kernel).UInt32("mamba.ssm.inner_size", (uint)Inner)
            .UInt32("mamba.ssm.state_size", (uint)State).UInt32("mamba.ssm.time_step_rank", (uint)Rank);
        for (var layer = 0; layer < 2; layer++)
        {
            file.Weights($"blk.{layer}.attn_norm.weight", Width).Weights($"blk.{layer}.ssm_in.weight", Width, 2 * Inner)
                .Weights($"blk.{layer}.ssm_conv1d.weight", Kernel, Inner).Weights($"blk.{layer}.ssm_conv1d.bias", Inner)
                .Weights($"blk.{layer}.ssm_x.weight", Inner, Rank + (2 * State)).Weights($"blk.{layer}.ssm_dt.weight", Rank, Inner)
                .Weights($"blk.{layer}.ssm_dt.bias", Inner).Weights($"blk.{layer}.ssm_a", State, Inner).Weights($"blk.{layer}.ssm_d", Inner)
                .Weights($"blk.{layer}.ssm_out.weight", Inner, Width);
        }
        return Fill(file, seed);
    }

    /// <summary>Every other layer sees the last 16 tokens only.</summary>
    public static byte[] SlidingWindow(int seed)
    {
        var file = Head("gemma2")
            .UInt32("gemma2.feed_forward_length", 64).UInt32("gemma2.attention.head_count", 4).UInt32("gemma2.attention.head_count_kv", 2)
            .UInt32("gemma2.attention.key_length", 8).UInt32("gemma2.attention.value_length", 8).UInt32("gemma2.attention.sliding_window", 16);
        for (var layer = 0; layer < 2; layer++)
        {
            foreach (var norm in (string[])["attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"])
                file.Weights($"blk.{layer}.{norm}.weight", Width);
            file.Weights($"blk.{layer}.attn_q.weight", Width, Width).Weights($"blk.{layer}.attn_k.weight", Width, 16)
                .Weights($"blk.{layer}.attn_v.weight", Width, 16).Weights($"blk.{layer}.attn_output.weight", Width, Width)
                .Weights($"blk.{layer}.ffn_gate.weight", Width, 64).Weights($"blk.{layer}.ffn_up.weight", Width, 64).Weights($"blk.{layer}.ffn_down.weight", 64, Width);
        }
        return Fill(file, seed);
    }

    private static GgufBuilder Head(string architecture)
    {
        var file = new GgufBuilder()
            .Text("general.architecture", architecture)
            .Text("general.name", "Tiny")
            .UInt32("general.file_type", 0)
            .UInt32($"{architecture}.block_count", 2)
            .UInt32($"{architecture}.context_length", 512)
            .UInt32($"{architecture}.embedding_length", (uint)Width)
            .Entry($"{architecture}.attention.layer_norm_rms_epsilon", 6, writer => writer.Write(1e-5f))
            .Text("tokenizer.ggml.model", "gpt2")
            .Text("tokenizer.ggml.pre", "gpt-2")
            .Texts("tokenizer.ggml.tokens", Tokens())
            .Texts("tokenizer.ggml.merges", ["a b"])
            .Entry("tokenizer.ggml.token_type", 9, WriteTypes)
            .UInt32("tokenizer.ggml.eos_token_id", End).UInt32("tokenizer.ggml.bos_token_id", End)
            .UInt32("tokenizer.ggml.fim_pre_token_id", FimPrefix).UInt32("tokenizer.ggml.fim_suf_token_id", FimSuffix).UInt32("tokenizer.ggml.fim_mid_token_id", FimMiddle);
        return file.Weights("token_embd.weight", Width, Vocabulary).Weights("output_norm.weight", Width);
    }

    private static GgufBuilder Weights(this GgufBuilder file, string name, params ulong[] shape) => file.Tensor(name, shape, Floats, sizeof(float));

    private static void WriteTypes(BinaryWriter writer)
    {
        writer.Write(5u);
        writer.Write(Vocabulary);
        for (var token = 0UL; token < Vocabulary; token++)
            writer.Write(token < 256 ? 1 : 3);
    }

    /// <summary>Bytes as byte-level vocabularies spell them: those that print as themselves, the others from 256 on; then control tokens.</summary>
    private static List<string> Tokens()
    {
        var (tokens, others) = (new List<string>(), 256);
        for (var value = 0; value < 256; value++)
            tokens.Add(((char)(value is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174 ? value : others++)).ToString());
        tokens.AddRange(["<|end|>", "<|other|>", "<|before|>", "<|behind|>", "<|between|>"]);
        for (var spare = tokens.Count; spare < (int)Vocabulary; spare++)
            tokens.Add(string.Create(CultureInfo.InvariantCulture, $"<|spare{spare}|>"));
        return tokens;
    }

    private static byte[] Fill(GgufBuilder file, int seed)
    {
        file.WithData = false;
        var header = (file.Build().Length + 31) / 32 * 32;
        file.WithData = true;
        var bytes = file.Build();
        var random = new Random(seed);
        foreach (ref var number in MemoryMarshal.Cast<byte, float>(bytes.AsSpan(header)))
            number = (random.NextSingle() - 0.5f) * 0.6f;
        return bytes;
    }
}
