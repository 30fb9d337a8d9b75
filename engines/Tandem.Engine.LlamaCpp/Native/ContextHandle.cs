using Microsoft.Win32.SafeHandles;

namespace Tandem.Engine.LlamaCpp.Native;

/// <summary>A context (<c>llama_context*</c>). Keeps its model alive.</summary>
internal sealed class ContextHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    private readonly ModelHandle _model;
    private readonly bool _referenced;

    private ContextHandle(nint context, ModelHandle model)
        : base(true)
    {
        _model = model;
        model.DangerousAddRef(ref _referenced);
        SetHandle(context);
    }

    internal nint Pointer => handle;

    /// <summary>Null when it failed; <see cref="NativeLog.LastErrors"/> has the library's reason.</summary>
    internal static ContextHandle? Create(ModelHandle model, ContextParams parameters)
    {
        NativeLog.Forget();
        var context = LlamaApi.llama_init_from_model(model.Pointer, parameters);
        return context == 0 ? null : new ContextHandle(context, model);
    }

    protected override bool ReleaseHandle()
    {
        LlamaApi.llama_free(handle);
        if (_referenced)
            _model.DangerousRelease();
        return true;
    }
}
