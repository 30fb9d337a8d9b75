using System.Diagnostics;
using Tandem.FunctionalTests.Clients;
using Tandem.FunctionalTests.Interop;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Mlx;

/// <summary>The Python package of the MLX worker: its own tests, and that what is generated in it is current.</summary>
[Trait("Tier", "Functional")]
public sealed class MlxPackageTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(15);

    [Fact]
    public async Task The_tests_of_the_package_pass()
    {
        var runtime = await MlxRuntime.RequireAsync();
        var start = new ProcessStartInfo(runtime.Python, ["-B", "-m", "pytest", "--durations=5"]) { WorkingDirectory = MlxRuntime.Source };
        if (SharedFolder.Path is { } shared)
            start.Environment["TANDEM_SHARED"] = shared;
        start.Environment["TANDEM_MODELS_FOLDER"] = Path.Combine(Repository.Root, "host", "models", "tandem");
        await PassAsync(start);
    }

    [Fact]
    public async Task The_package_is_typed_throughout()
    {
        var runtime = await MlxRuntime.RequireAsync();
        var start = await NodePackages.ToolAsync("pyright/index.js");
        start.WorkingDirectory = MlxRuntime.Source;
        start.ArgumentList.Add("--pythonpath");
        start.ArgumentList.Add(runtime.Python);
        await PassAsync(start);
    }

    private async Task PassAsync(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        using var process = await SpawnThread.StartAsync(start);
        var text = await process.StandardOutput.ReadToEndAsync().WaitAsync(Bound);
        await process.WaitForExitAsync();
        output.WriteLine(text);
        Assert.True(process.ExitCode == 0, text);
    }

    [Fact]
    public async Task The_generated_messages_are_those_of_the_contract()
    {
        Assert.SkipWhen(PythonEnvironment.Protoc() is null, "Grpc.Tools has no protoc for this system");
        var folder = Directory.CreateTempSubdirectory("tmp-");
        try
        {
            var protos = Path.Combine(Repository.Root, "protos");
            var proto = Path.Combine(protos, "tandem", "engine", "v1", "engine.proto");
            string[] arguments = [$"-I{protos}", $"--python_out={folder}", $"--pyi_out={folder}", proto];
            await PythonEnvironment.RunAsync(new ProcessStartInfo(PythonEnvironment.Protoc()!, arguments), Bound);
            foreach (var name in (string[])["engine_pb2.py", "engine_pb2.pyi"])
            {
                var file = Path.Combine("tandem", "engine", "v1", name);
                var committed = await File.ReadAllTextAsync(Path.Combine(MlxRuntime.Source, "mlx_engine", "contract", file));
                Assert.True(
                    committed == await File.ReadAllTextAsync(Path.Combine(folder.FullName, file)),
                    $"{name} is not what protoc makes of engine.proto now: protoc -Iprotos --python_out=DIR --pyi_out=DIR, DIR = engines/mlx/mlx_engine/contract");
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
