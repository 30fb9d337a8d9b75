using Microsoft.Win32.SafeHandles;

namespace Tandem.Engine.LlamaCpp.Native;

/// <summary>
/// Threads that stay between passes (<c>ggml_threadpool</c>). Without one the library makes and joins threads for every pass,
/// which a small model feels. Main and draft share it: they never run at the same time, so they do not fight for cores.
/// </summary>
internal sealed unsafe class ComputeThreads : SafeHandleZeroOrMinusOneIsInvalid
{
    private const int CpuDevice = 0;

    private readonly delegate* unmanaged[Cdecl]<nint, void> _free;

    private ComputeThreads(nint pool, nint free)
        : base(true)
    {
        _free = (delegate* unmanaged[Cdecl]<nint, void>)free;
        SetHandle(pool);
    }

    internal nint Pointer => handle;

    /// <summary>Null when the library offers none; contexts then use threads of their own.</summary>
    internal static ComputeThreads? Create(int threads)
    {
        for (nuint index = 0; index < LlamaApi.ggml_backend_dev_count(); index++)
        {
            var device = LlamaApi.ggml_backend_dev_get(index);
            if (LlamaApi.ggml_backend_dev_type(device) != CpuDevice)
                continue;
            var registry = LlamaApi.ggml_backend_dev_backend_reg(device);
            var create = LlamaApi.ggml_backend_reg_get_proc_address(registry, "ggml_threadpool_new");
            var free = LlamaApi.ggml_backend_reg_get_proc_address(registry, "ggml_threadpool_free");
            if (create == 0 || free == 0)
                return null;
            ThreadPoolParams parameters;
            LlamaApi.ggml_threadpool_params_init(&parameters, threads);
            var pool = ((delegate* unmanaged[Cdecl]<ThreadPoolParams*, nint>)create)(&parameters);
            return pool == 0 ? null : new ComputeThreads(pool, free);
        }
        return null;
    }

    protected override bool ReleaseHandle()
    {
        _free(handle);
        return true;
    }
}
