using System.Text;
using Tandem.Engine.LlamaCpp.Native;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>A model file that is loaded, with its vocabulary.</summary>
internal sealed unsafe class LlamaModel : IDisposable
{
    private LlamaModel(string path, ModelHandle handle)
    {
        Path = path;
        Handle = handle;
        Vocabulary = new Vocabulary(handle);
    }

    internal string Path { get; }
    internal ModelHandle Handle { get; }
    internal Vocabulary Vocabulary { get; }

    internal int TrainedContextLength => LlamaApi.llama_model_n_ctx_train(Handle.Pointer);
    internal int EmbeddingLength => LlamaApi.llama_model_n_embd(Handle.Pointer);

    /// <summary>Length of the vectors an embedding model gives.</summary>
    internal int OutputLength => LlamaApi.llama_model_n_embd_out(Handle.Pointer);
    internal int LayerCount => LlamaApi.llama_model_n_layer(Handle.Pointer);
    internal ulong ParameterCount => LlamaApi.llama_model_n_params(Handle.Pointer);
    internal ulong WeightBytes => LlamaApi.llama_model_size(Handle.Pointer);

    internal string Architecture => Metadata("general.architecture") ?? "";
    internal string ChatTemplate => NativeLlama.Text(LlamaApi.llama_model_chat_template(Handle.Pointer, null));

    /// <summary>False for models whose whole state is one: no part of it can be taken back (recurrent, hybrid).</summary>
    internal bool CacheCanTrim => LlamaApi.llama_model_is_recurrent(Handle.Pointer) == 0 && LlamaApi.llama_model_is_hybrid(Handle.Pointer) == 0;

    /// <summary>The file itself says how the vectors of a text become one: it was trained for embeddings.</summary>
    internal bool HasPooling => Metadata($"{Architecture}.pooling_type") is { } pooling && pooling != "0";

    internal bool Generates => LlamaApi.llama_model_has_decoder(Handle.Pointer) != 0 && !Architecture.Contains("bert", StringComparison.Ordinal);

    internal string Description
    {
        get
        {
            Span<byte> buffer = stackalloc byte[256];
            fixed (byte* room = buffer)
            {
                var length = LlamaApi.llama_model_desc(Handle.Pointer, room, (nuint)buffer.Length);
                return Encoding.UTF8.GetString(buffer[..Math.Clamp(length, 0, buffer.Length)]);
            }
        }
    }

    /// <summary>Null when the file is absent, broken or of an unknown architecture; <paramref name="reason"/> says which.</summary>
    internal static LlamaModel? Load(string path, ModelParams parameters, Func<float, bool> onProgress, out string reason)
    {
        reason = "";
        if (!File.Exists(path))
        {
            reason = $"{path} does not exist.";
            return null;
        }
        var handle = ModelHandle.Load(path, parameters, onProgress);
        if (handle is not null)
            return new LlamaModel(path, handle);
        reason = NativeLog.LastErrors() is { Length: > 0 } errors ? errors : "llama.cpp gave no reason.";
        return null;
    }

    /// <summary>A value of the file's metadata as text; null when it is absent or an array.</summary>
    internal string? Metadata(string key)
    {
        Span<byte> buffer = stackalloc byte[1024];
        fixed (byte* room = buffer)
        {
            var length = LlamaApi.llama_model_meta_val_str(Handle.Pointer, key, room, (nuint)buffer.Length);
            return length < 0 ? null : Encoding.UTF8.GetString(buffer[..Math.Min(length, buffer.Length - 1)]);
        }
    }

    internal TokenizerInfo DescribeTokenizer() =>
        Vocabulary.Describe(Metadata("tokenizer.ggml.model") ?? "", Metadata("tokenizer.ggml.pre") ?? "");

    public void Dispose() => Handle.Dispose();
}
