using System.Globalization;
using System.Text;
using System.Text.Json;
using Tandem.Tests.Gguf;

namespace Tandem.Tests.Pairs;

/// <summary>
/// A folder of made-up models as a collector has it: half GGUF files, half MLX folders, a few tokenizers among them. Every file is a file
/// of its own; headers and configurations are all different; weights are holes of the size that such a model has.
/// </summary>
internal sealed class ModelLibrary(int vocabularies, int tokens)
{
    private const int LongestWord = 11;
    private readonly Lazy<Tokenizer>[] _tokenizers =
        [.. Enumerable.Range(0, vocabularies).Select(number => new Lazy<Tokenizer>(() => Tokenizer.Make(number, tokens)))];

    /// <summary>Writes models <paramref name="first"/> to <paramref name="first"/> + <paramref name="count"/> - 1.</summary>
    public void Write(string folder, int first, int count)
    {
        for (var number = first; number < first + count; number++)
        {
            // Every vocabulary is there in both formats.
            var tokenizer = _tokenizers[number / 2 % vocabularies].Value;
            var billions = new[] { 0.5, 1, 3, 7.6, 14, 32 }[number / 2 / vocabularies % 6];
            var name = string.Create(CultureInfo.InvariantCulture, $"model-{number:D4}");
            if (number % 2 == 0)
                WriteGguf(Path.Combine(folder, $"publisher-{number % 7}", name, name + "-Q8_0.gguf"), number, billions, tokenizer);
            else
                WriteMlx(Path.Combine(folder, $"publisher-{number % 7}", name + "-mlx"), number, billions, tokenizer);
        }
    }

    private static void WriteGguf(string path, int number, double billions, Tokenizer tokenizer) => new GgufBuilder()
        .Text("general.architecture", tokenizer.Architecture)
        .Text("general.name", string.Create(CultureInfo.InvariantCulture, $"Model {number}"))
        .UInt32("general.file_type", 7)
        .UInt32($"{tokenizer.Architecture}.block_count", 32)
        .UInt32($"{tokenizer.Architecture}.context_length", 8192)
        .UInt32($"{tokenizer.Architecture}.embedding_length", 1024)
        .UInt32($"{tokenizer.Architecture}.attention.head_count", 16)
        .UInt32($"{tokenizer.Architecture}.attention.head_count_kv", 4)
        .Text("tokenizer.ggml.model", "gpt2")
        .Text("tokenizer.ggml.pre", "qwen2")
        .Entry("tokenizer.ggml.tokens", 9, writer => writer.Write(tokenizer.GgufTokens))
        .Entry("tokenizer.ggml.merges", 9, writer => writer.Write(tokenizer.GgufMerges))
        .UInt32("tokenizer.ggml.bos_token_id", 0)
        .UInt32("tokenizer.ggml.eos_token_id", 1)
        .Text("tokenizer.chat_template", tokenizer.Template)
        .Tensor("token_embd.weight", [32, (ulong)tokenizer.Count], 8, bytesPerElement: 2)
        .Tensor("weights", [32, (ulong)(billions * 1e9 / 32) + (ulong)number], 8, bytesPerElement: 2)
        .WriteSparse(path);

    private static void WriteMlx(string folder, int number, double billions, Tokenizer tokenizer)
    {
        Directory.CreateDirectory(folder);
        var rows = (long)(billions * 1e9 / 1024) + number;
        File.WriteAllText(Path.Combine(folder, "config.json"), string.Create(CultureInfo.InvariantCulture, $$"""
            {"model_type": "{{tokenizer.Architecture}}", "hidden_size": 1024, "num_hidden_layers": 32, "num_attention_heads": 16,
             "num_key_value_heads": 4, "max_position_embeddings": 8192, "vocab_size": {{tokenizer.Count}}, "made_up": {{number}}}
            """));
        File.WriteAllBytes(Path.Combine(folder, "tokenizer.json"), tokenizer.Json);
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), JsonSerializer.Serialize(new Dictionary<string, string>
        {
            ["bos_token"] = tokenizer.First,
            ["eos_token"] = tokenizer.Second,
            ["chat_template"] = tokenizer.Template,
        }));
        var embedding = tokenizer.Count * 64L * 2;
        var end = embedding + rows * 1024 * 2;
        var header = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["model.embed_tokens.weight"] = new { dtype = "BF16", shape = new[] { tokenizer.Count, 64L }, data_offsets = new[] { 0, embedding } },
            ["weights"] = new { dtype = "BF16", shape = new[] { rows, 1024L }, data_offsets = new[] { embedding, end } },
        }));
        using var file = File.Create(Path.Combine(folder, "model.safetensors"));
        file.Write(BitConverter.GetBytes((long)header.Length));
        file.Write(header);
        file.SetLength(8 + header.Length + end);
    }

    /// <summary>A made-up tokenizer in both forms. Neighbours share three quarters of their texts, so that comparing them takes a while.</summary>
    private sealed record Tokenizer(string Architecture, int Count, byte[] GgufTokens, byte[] GgufMerges, byte[] Json, string Template, string First, string Second)
    {
        public static Tokenizer Make(int number, int tokens)
        {
            var count = tokens + number * 32;
            var family = new Random(number / 2);
            var own = new Random(1000 + number);
            var texts = Enumerable.Range(0, count).Select(id => Word(id < count * 3 / 4 ? family : own, id)).ToList();
            var merges = texts.Where(text => text.Length > 1).Select(text => $"{text[..(text.Length / 2)]} {text[(text.Length / 2)..]}").ToList();
            return new Tokenizer(
                "arch" + number / 4, count, Array(texts), Array(merges), MakeJson(texts, merges), MakeTemplate(number), texts[0], texts[1]);
        }

        /// <summary>No two are equal: the id is part of it, apart from the letters, some of which are digits too.</summary>
        private static string Word(Random random, int id)
        {
            var letters = Enumerable.Range(0, random.Next(1, LongestWord)).Select(_ => (char)('a' + random.Next(26)));
            return (random.Next(2) == 0 ? "Ġ" : "") + string.Concat(letters) + "_" + id.ToString("x", CultureInfo.InvariantCulture);
        }

        private static byte[] Array(List<string> texts)
        {
            using var stream = new MemoryStream();
            using var writer = new BinaryWriter(stream);
            writer.Write(8u);
            writer.Write((ulong)texts.Count);
            texts.ForEach(text => GgufBuilder.WriteText(writer, text));
            return stream.ToArray();
        }

        private static byte[] MakeJson(List<string> texts, List<string> merges) => JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>
        {
            ["version"] = "1.0",
            ["added_tokens"] = new[] { new { id = 0, content = texts[0], special = true }, new { id = 1, content = texts[1], special = true } },
            ["pre_tokenizer"] = new { type = "ByteLevel", add_prefix_space = false },
            ["model"] = new { type = "BPE", vocab = texts.Select((text, id) => (text, id)).ToDictionary(pair => pair.text, pair => pair.id), merges },
        });

        private static string MakeTemplate(int number) =>
            $"{{# template {number} #}}" + string.Concat(Enumerable.Repeat("{% for message in messages %}{{ message.role }}: {{ message.content }}{% endfor %}", 40));
    }
}
