using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Interop;

/// <summary>
/// A virtual environment with grpcio, the package openai and the contract's messages, made once under artifacts/ from the wheels beside the repository.
/// The folder's name depends on the wheels and on the contract, so a change of either makes a new one.
/// </summary>
internal sealed class PythonEnvironment
{
    private static readonly string[] Packages = ["grpcio", "grpcio-health-checking", "protobuf", "openai"];
    internal static readonly TimeSpan InstallBound = TimeSpan.FromMinutes(5);
    private static readonly Lazy<Task<(PythonEnvironment? Environment, string Reason)>> Shared = new(MakeAsync);

    private readonly string _folder;

    private PythonEnvironment(string folder) => _folder = folder;

    public string Executable => OperatingSystem.IsWindows()
        ? Path.Combine(_folder, "venv", "Scripts", "python.exe")
        : Path.Combine(_folder, "venv", "bin", "python");

    /// <summary>Where `import tandem.engine.v1.engine_pb2` finds the messages.</summary>
    private string Stubs => Path.Combine(_folder, "stubs");

    /// <summary>Skips the running test, with the reason, where there is no Python or there are no wheels.</summary>
    public static async Task<PythonEnvironment> RequireAsync()
    {
        var (environment, reason) = await Shared.Value;
        Assert.SkipWhen(environment is null, reason);
        return environment!;
    }

    /// <summary>A script of this folder, ready to start; the caller adds arguments and variables.</summary>
    public ProcessStartInfo Script(string name)
    {
        var start = new ProcessStartInfo(Executable, [ScriptPath(name)]);
        start.Environment["PYTHONPATH"] = Stubs;
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        return start;
    }

    public static string ScriptPath(string name) => Path.Combine(AppContext.BaseDirectory, "Interop", name);

    private static async Task<(PythonEnvironment?, string)> MakeAsync()
    {
        var root = Repository.Root;
        if (SharedFolder.Path is not { } shared)
            return (null, SharedFolder.Missing);
        var wheelhouse = Path.Combine(shared, "wheelhouse");
        if (await FindPythonAsync() is not { } python)
            return (null, "there is no python3 of version 3.11 or later");
        if (Protoc() is not { } protoc)
            return (null, "Grpc.Tools has no protoc for this system");

        var proto = Path.Combine(root, "protos", "tandem", "engine", "v1", "engine.proto");
        var folder = Path.Combine(root, "artifacts", "python", await KeyAsync(wheelhouse, proto));
        Directory.CreateDirectory(folder);
        var environment = new PythonEnvironment(folder);
        await using var turn = await TakeTurnAsync(Path.Combine(folder, "lock"));
        var stamp = Path.Combine(folder, "complete");
        if (!File.Exists(stamp))
        {
            await RunAsync(new ProcessStartInfo(python, ["-m", "venv", "--clear", Path.Combine(folder, "venv")]), InstallBound);
            string[] install = ["-m", "pip", "install", "--quiet", "--no-index", "--find-links", wheelhouse, .. Packages];
            await RunAsync(new ProcessStartInfo(environment.Executable, install), InstallBound);
            Directory.CreateDirectory(environment.Stubs);
            string[] generate = [$"-I{Path.Combine(root, "protos")}", $"--python_out={environment.Stubs}", proto];
            await RunAsync(new ProcessStartInfo(protoc, generate), InstallBound);
            await File.WriteAllTextAsync(stamp, "");
        }

        return (environment, "");
    }

    /// <summary>Standard output of a command that must succeed.</summary>
    public static async Task<string> RunAsync(ProcessStartInfo start, TimeSpan bound)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using var process = await SpawnThread.StartAsync(start);
        using var end = new CancellationTokenSource(bound);
        var output = process.StandardOutput.ReadToEndAsync(end.Token);
        var errors = process.StandardError.ReadToEndAsync(end.Token);
        try
        {
            await process.WaitForExitAsync(end.Token);
            Assert.True(process.ExitCode == 0, $"{start.FileName} ended with {process.ExitCode}: {await errors}");
            return await output;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    internal static async Task<string?> FindPythonAsync()
    {
        try
        {
            string[] ask = ["-c", "import sys; print(sys.version_info >= (3, 11))"];
            return (await RunAsync(new ProcessStartInfo("python3", ask), InstallBound)).Trim() == "True" ? "python3" : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    internal static string? Protoc()
    {
        var tools = typeof(PythonEnvironment).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .FirstOrDefault(attribute => attribute.Key == "GrpcTools")?.Value ?? "";
        var arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
        var path = OperatingSystem.IsWindows() ? Path.Combine(tools, "tools", "windows_x64", "protoc.exe")
            : OperatingSystem.IsMacOS() ? Path.Combine(tools, "tools", "macosx_x64", "protoc")
            : Path.Combine(tools, "tools", arm ? "linux_arm64" : "linux_x64", "protoc");
        return File.Exists(path) ? path : null;
    }

    private static async Task<string> KeyAsync(string wheelhouse, string proto)
    {
        var wheels = Directory.EnumerateFiles(wheelhouse, "*.whl").Select(Path.GetFileName)
            .Where(name => Packages.Any(package => name!.StartsWith(package.Replace('-', '_'), StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal);
        var text = string.Join('\n', wheels) + await File.ReadAllTextAsync(proto);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..12];
    }

    /// <summary>Two test runs at once: the second waits until the first has made the environment.</summary>
    internal static async Task<FileStream> TakeTurnAsync(string path)
    {
        using var bound = new CancellationTokenSource(InstallBound);
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (!bound.IsCancellationRequested)
            {
                // A file lock has no event to wait for.
                await Task.Delay(100, bound.Token);
            }
        }
    }
}
