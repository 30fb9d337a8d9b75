using System.Runtime.InteropServices;

namespace Tandem.Engine.LlamaCpp.Native;

/// <summary>
/// The functions of llama.cpp that the worker uses, as they are in its C headers. <see cref="NativeLlama.Load"/> must have succeeded first.
/// Comments name only what the header leaves open.
/// </summary>
internal static unsafe partial class LlamaApi
{
    internal const string Llama = "llama";
    internal const string Ggml = "ggml";
    internal const string GgmlBase = "ggml-base";

    [LibraryImport(Llama)] internal static partial void llama_backend_init();
    [LibraryImport(Llama)] internal static partial byte* llama_version();
    [LibraryImport(Llama)] internal static partial byte* llama_print_system_info();
    [LibraryImport(Llama)] internal static partial void llama_log_set(delegate* unmanaged[Cdecl]<int, byte*, nint, void> callback, nint data);

    // Backends must be loaded before any model: without one a load returns NULL.
    [LibraryImport(Ggml, StringMarshalling = StringMarshalling.Utf8)] internal static partial void ggml_backend_load_all_from_path(string folder);
    [LibraryImport(Ggml)] internal static partial nuint ggml_backend_dev_count();
    [LibraryImport(Ggml)] internal static partial nint ggml_backend_dev_get(nuint index);
    [LibraryImport(Ggml, StringMarshalling = StringMarshalling.Utf8)] internal static partial nint ggml_backend_dev_by_name(string name);
    [LibraryImport(GgmlBase)] internal static partial byte* ggml_backend_dev_name(nint device);
    [LibraryImport(GgmlBase)] internal static partial byte* ggml_backend_dev_description(nint device);
    [LibraryImport(GgmlBase)] internal static partial void ggml_backend_dev_memory(nint device, out nuint free, out nuint total);
    [LibraryImport(GgmlBase)] internal static partial int ggml_backend_dev_type(nint device);
    [LibraryImport(GgmlBase)] internal static partial nint ggml_backend_dev_backend_reg(nint device);
    [LibraryImport(GgmlBase, StringMarshalling = StringMarshalling.Utf8)] internal static partial nint ggml_backend_reg_get_proc_address(nint registry, string name);
    [LibraryImport(GgmlBase)] internal static partial void ggml_threadpool_params_init(ThreadPoolParams* parameters, int threads);

    [LibraryImport(Llama)] internal static partial ModelParams llama_model_default_params();
    [LibraryImport(Llama)] internal static partial ContextParams llama_context_default_params();

    // NULL on failure, the reason goes to the log; a progress callback that returns 0 aborts.
    [LibraryImport(Llama, StringMarshalling = StringMarshalling.Utf8)] internal static partial nint llama_model_load_from_file(string path, ModelParams parameters);
    [LibraryImport(Llama)] internal static partial void llama_model_free(nint model);
    [LibraryImport(Llama)] internal static partial nint llama_model_get_vocab(nint model);
    [LibraryImport(Llama)] internal static partial int llama_model_n_ctx_train(nint model);
    [LibraryImport(Llama)] internal static partial int llama_model_n_embd(nint model);
    [LibraryImport(Llama)] internal static partial int llama_model_n_embd_out(nint model);
    [LibraryImport(Llama)] internal static partial int llama_model_n_layer(nint model);
    [LibraryImport(Llama)] internal static partial ulong llama_model_size(nint model);
    [LibraryImport(Llama)] internal static partial ulong llama_model_n_params(nint model);
    [LibraryImport(Llama)] internal static partial int llama_model_desc(nint model, byte* buffer, nuint size);
    [LibraryImport(Llama, StringMarshalling = StringMarshalling.Utf8)] internal static partial int llama_model_meta_val_str(nint model, string key, byte* buffer, nuint size);
    [LibraryImport(Llama)] internal static partial byte* llama_model_chat_template(nint model, byte* name);
    [LibraryImport(Llama)] internal static partial byte llama_model_has_decoder(nint model);
    [LibraryImport(Llama)] internal static partial byte llama_model_has_encoder(nint model);
    [LibraryImport(Llama)] internal static partial byte llama_model_is_recurrent(nint model);
    [LibraryImport(Llama)] internal static partial byte llama_model_is_hybrid(nint model);

    [LibraryImport(Llama)] internal static partial nint llama_init_from_model(nint model, ContextParams parameters);
    [LibraryImport(Llama)] internal static partial void llama_free(nint context);
    [LibraryImport(Llama)] internal static partial uint llama_n_ctx(nint context);
    [LibraryImport(Llama)] internal static partial uint llama_n_batch(nint context);
    [LibraryImport(Llama)] internal static partial nint llama_get_memory(nint context);
    [LibraryImport(Llama)] internal static partial int llama_decode(nint context, NativeBatch batch);
    [LibraryImport(Llama)] internal static partial float* llama_get_logits_ith(nint context, int row);
    [LibraryImport(Llama)] internal static partial float* llama_get_embeddings_seq(nint context, int sequence);
    [LibraryImport(Llama)] internal static partial int llama_pooling_type(nint context);

    // Adapters are freed with their model. The set replaces the earlier one.
    [LibraryImport(Llama, StringMarshalling = StringMarshalling.Utf8)] internal static partial nint llama_adapter_lora_init(nint model, string path);
    [LibraryImport(Llama)] internal static partial int llama_set_adapters_lora(nint context, nint* adapters, nuint count, float* scales);
    [LibraryImport(Llama)] internal static partial void llama_memory_clear(nint memory, byte data);

    // Positions [from, to), negative is open. False when the memory cannot remove a part (recurrent, sliding window).
    [LibraryImport(Llama)] internal static partial byte llama_memory_seq_rm(nint memory, int sequence, int from, int to);
    [LibraryImport(Llama)] internal static partial void llama_memory_seq_cp(nint memory, int source, int target, int from, int to);
    [LibraryImport(Llama)] internal static partial nuint llama_state_seq_get_size(nint context, int sequence);
    [LibraryImport(Llama)] internal static partial nuint llama_state_seq_get_data(nint context, byte* target, nuint size, int sequence);

    // 0: it failed, the sequence is empty.
    [LibraryImport(Llama)] internal static partial nuint llama_state_seq_set_data(nint context, byte* source, nuint size, int sequence);
    [LibraryImport(Llama)] internal static partial void llama_attach_threadpool(nint context, nint pool, nint batchPool);

    [LibraryImport(Llama)] internal static partial int llama_vocab_n_tokens(nint vocabulary);
    [LibraryImport(Llama)] internal static partial int llama_vocab_type(nint vocabulary);
    [LibraryImport(Llama)] internal static partial byte* llama_vocab_get_text(nint vocabulary, int token);
    [LibraryImport(Llama)] internal static partial int llama_vocab_get_attr(nint vocabulary, int token);
    [LibraryImport(Llama)] internal static partial byte llama_vocab_is_eog(nint vocabulary, int token);
    [LibraryImport(Llama)] internal static partial int llama_vocab_bos(nint vocabulary);
    [LibraryImport(Llama)] internal static partial int llama_vocab_eos(nint vocabulary);
    [LibraryImport(Llama)] internal static partial int llama_vocab_eot(nint vocabulary);
    [LibraryImport(Llama)] internal static partial int llama_vocab_fim_pre(nint vocabulary);
    [LibraryImport(Llama)] internal static partial int llama_vocab_fim_suf(nint vocabulary);
    [LibraryImport(Llama)] internal static partial int llama_vocab_fim_mid(nint vocabulary);
    [LibraryImport(Llama)] internal static partial byte llama_vocab_get_add_bos(nint vocabulary);
    [LibraryImport(Llama)] internal static partial byte llama_vocab_get_add_eos(nint vocabulary);
    [LibraryImport(Llama)] internal static partial int llama_vocab_sep(nint vocabulary);
    [LibraryImport(Llama)] internal static partial byte llama_vocab_get_add_sep(nint vocabulary);
    [LibraryImport(Llama)] internal static partial int* llama_vocab_get_suppress_tokens(nint vocabulary, int* count);

    // Negative: minus the room needed.
    [LibraryImport(Llama)] internal static partial int llama_tokenize(nint vocabulary, byte* text, int length, int* tokens, int room, byte addSpecial, byte parseSpecial);
    [LibraryImport(Llama)] internal static partial int llama_detokenize(nint vocabulary, int* tokens, int count, byte* text, int room, byte removeSpecial, byte spellSpecial);
    [LibraryImport(Llama)] internal static partial int llama_token_to_piece(nint vocabulary, int token, byte* buffer, int room, int stripLeft, byte special);
}
