using System.Reflection;
using System.Runtime.InteropServices;

namespace Tandem.Engine.LlamaCpp.Native;

/// <summary>Loads llama.cpp from a runtime folder: once per process, with a result instead of a type-initialiser exception.</summary>
internal static unsafe partial class NativeLlama
{
    private static readonly Dictionary<string, nint> Libraries = [];
    private static readonly Lock Loading = new();

    /// <summary>Null when the library is ready; else one sentence saying what is wrong with the folder.</summary>
    internal static string? Load(string runtimeFolder)
    {
        // Calls may come at the same time, and none may use what another has loaded by half.
        lock (Loading)
            return LoadOnce(runtimeFolder);
    }

    private static string? LoadOnce(string runtimeFolder)
    {
        if (Libraries.Count > 0)
            return null;
        // ggml would start a debugger for a backtrace when it aborts: workers start no children.
        if (!OperatingSystem.IsWindows())
            SetNativeVariable("GGML_NO_BACKTRACE", "1", overwrite: 1);
        if (!Directory.Exists(runtimeFolder))
            return $"The runtime folder {runtimeFolder} does not exist.";
        foreach (var name in (string[])[LlamaApi.GgmlBase, LlamaApi.Ggml, LlamaApi.Llama])
        {
            var file = FindLibrary(runtimeFolder, name);
            if (file is null)
                return $"The runtime has no {name} library.";
            try
            {
                Libraries[name] = NativeLibrary.Load(file);
            }
            catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
            {
                Libraries.Clear();
                return $"{Path.GetFileName(file)} cannot be loaded: {exception.Message.ReplaceLineEndings(" ")}";
            }
        }
        if (FindMissingSymbol() is { } missing)
            return $"The llama.cpp library lacks {missing}: it is of another version than this worker knows (0.4.0 to 0.5.0).";
        NativeLibrary.SetDllImportResolver(typeof(NativeLlama).Assembly, (name, _, _) => Libraries.GetValueOrDefault(name));
        NativeLog.Attach();
        if (LayoutCheck.FindDifference() is { } difference)
            return $"{difference} This worker knows the layouts of llama.cpp 0.4.0 and 0.5.0; the library calls itself {Version}.";
        LlamaApi.ggml_backend_load_all_from_path(runtimeFolder);
        if (LlamaApi.ggml_backend_dev_count() == 0)
            return "The runtime has no backend that works on this machine: " + NativeLog.LastErrors();
        LlamaApi.llama_backend_init();
        return null;
    }

    /// <summary>Version as the library states it.</summary>
    internal static string Version => Text(LlamaApi.llama_version());

    internal static string SystemInfo => Text(LlamaApi.llama_print_system_info());

    internal static string Text(byte* utf8) => Marshal.PtrToStringUTF8((nint)utf8) ?? "";

    /// <summary>An export of a loaded library, 0 when there is none.</summary>
    internal static nint FindExport(string library, string name) =>
        NativeLibrary.TryGetExport(Libraries[library], name, out var address) ? address : 0;

    /// <summary>File names carry a version on some systems: <c>libllama.v0.5.0.so</c>, <c>libllama.so</c>, <c>libllama.dylib</c>, <c>llama.dll</c>.</summary>
    internal static string? FindLibrary(string folder, string name)
    {
        var (prefix, extension) = OperatingSystem.IsWindows() ? ("", ".dll") : OperatingSystem.IsMacOS() ? ("lib", ".dylib") : ("lib", ".so");
        var stem = prefix + name;
        return Directory.EnumerateFiles(folder, stem + "*" + extension)
            .Where(file => Path.GetFileName(file)[stem.Length] == '.')
            .Order(StringComparer.Ordinal)
            .FirstOrDefault();
    }

    /// <summary>What .NET sets, native code does not see.</summary>
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetNativeVariable(string name, string value, int overwrite);

    private static string? FindMissingSymbol()
    {
        foreach (var method in typeof(LlamaApi).GetMethods(BindingFlags.Static | BindingFlags.NonPublic))
        {
            var import = method.GetCustomAttribute<LibraryImportAttribute>();
            if (import is not null && FindExport(import.LibraryName, method.Name) == 0)
                return method.Name;
        }
        return null;
    }
}
