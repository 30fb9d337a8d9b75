using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tandem.Engine.LlamaCpp.Native;

/// <summary>A loaded model (<c>llama_model*</c>).</summary>
internal sealed unsafe class ModelHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    private ModelHandle(nint model)
        : base(true) => SetHandle(model);

    internal nint Pointer => handle;

    /// <summary>
    /// Loads a model. <paramref name="onProgress"/> gets 0..1 on the calling thread and aborts the load by returning false.
    /// Null when it failed or was aborted; <see cref="NativeLog.LastErrors"/> has the library's reason.
    /// </summary>
    internal static ModelHandle? Load(string path, ModelParams parameters, Func<float, bool> onProgress)
    {
        NativeLog.Forget();
        var root = GCHandle.Alloc(onProgress);
        try
        {
            parameters.ProgressCallback = &Progress;
            parameters.ProgressCallbackData = GCHandle.ToIntPtr(root);
            var model = LlamaApi.llama_model_load_from_file(path, parameters);
            return model == 0 ? null : new ModelHandle(model);
        }
        finally
        {
            root.Free();
        }
    }

    protected override bool ReleaseHandle()
    {
        LlamaApi.llama_model_free(handle);
        return true;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte Progress(float fraction, nint data) =>
        ((Func<float, bool>)GCHandle.FromIntPtr(data).Target!)(fraction) ? (byte)1 : (byte)0;
}
