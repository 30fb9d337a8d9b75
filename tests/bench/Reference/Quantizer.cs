using System.Runtime.InteropServices;
using Tandem.Engine.LlamaCpp.Native;

namespace Tandem.Bench.Reference;

/// <summary>Writes a model in another type, with the library's own quantiser.</summary>
internal static unsafe class Quantizer
{
    /// <summary>Values of llama_ftype.</summary>
    public const int F32 = 0;

    /// <inheritdoc cref="F32"/>
    public const int Q40 = 2;

    private const int ParametersSize = 64;
    private const int TypeOffset = 4;
    private const int AllowRequantizeOffset = 16;

    public static Task Write(string source, string target, int type)
    {
        BenchEngine.LoadLibrary();
        var parameters = stackalloc byte[ParametersSize];
        ((delegate* unmanaged[Cdecl]<Parameters>)NativeLlama.FindExport(LlamaApi.Llama, "llama_model_quantize_default_params"))().CopyTo(parameters);
        *(int*)(parameters + TypeOffset) = type;
        parameters[AllowRequantizeOffset] = 1;
        var quantize = (delegate* unmanaged[Cdecl]<byte*, byte*, byte*, uint>)NativeLlama.FindExport(LlamaApi.Llama, "llama_model_quantize");
        var (from, to) = (Marshal.StringToCoTaskMemUTF8(source), Marshal.StringToCoTaskMemUTF8(target));
        var code = quantize((byte*)from, (byte*)to, parameters);
        Marshal.FreeCoTaskMem(from);
        Marshal.FreeCoTaskMem(to);
        return code == 0 ? Task.CompletedTask : throw new InvalidOperationException($"{source} could not be written as type {type} (code {code})");
    }

    /// <summary>llama_model_quantize_params, opaque but for the offsets above (llama.cpp 0.4.0 and 0.5.0).</summary>
    [StructLayout(LayoutKind.Sequential, Size = ParametersSize)]
    private struct Parameters
    {
        private fixed long _fields[ParametersSize / sizeof(long)];

        public readonly void CopyTo(byte* target)
        {
            fixed (long* fields = _fields)
                new ReadOnlySpan<byte>(fields, ParametersSize).CopyTo(new Span<byte>(target, ParametersSize));
        }
    }
}
