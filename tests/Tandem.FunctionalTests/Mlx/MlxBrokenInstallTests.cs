using System.Diagnostics;
using System.Text.Json;
using Tandem.FunctionalTests.Interop;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Mlx;

/// <summary>Environments broken for real: what the probe says of each, or how it ends.</summary>
[Trait("Tier", "Functional")]
public sealed class MlxBrokenInstallTests : IDisposable
{
    private const string Packages = "lib/python3.11/site-packages";
    private readonly string _folder = Directory.CreateTempSubdirectory("tmb-").FullName;

    [Theory]
    [InlineData("nothing", "")]
    [InlineData("mlx gone", "The Python package mlx is not installed.")]
    [InlineData("back end gone", "MLX's back end (mlx-cpu or mlx-metal) is not installed.")]
    [InlineData("back end's library gone", "MLX's back end (mlx-cpu or mlx-metal) is missing")]
    [InlineData("LAPACK gone", "A library that MLX needs is missing")]
    [InlineData("mlx-lm gone", "The Python package mlx-lm is not installed.")]
    [InlineData("tokenizers gone", "The Python package tokenizers is not installed.")]
    [InlineData("mixed versions", "mlx 0.32.4 and mlx-cpu 0.32.2 are of different versions.")]
    [InlineData("core library gone", "MLX's library does not fit this Python")]
    [InlineData("library empty", "A library of MLX is damaged")]
    [InlineData("library not ELF", "A library of MLX is damaged")]
    [InlineData("library cut", null)]
    public async Task A_broken_environment_is_told_by_its_probe(string fault, string? said)
    {
        var runtime = await MlxRuntime.RequireAsync();
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the faults are made for Linux");
        await PythonEnvironment.RunAsync(new ProcessStartInfo("cp", ["-a", runtime.Folder + "/.", _folder]), PythonEnvironment.InstallBound);
        Break(fault);
        var start = new ProcessStartInfo(Path.Combine(_folder, "bin", "python"), ["-E", "-s", Path.Combine(MlxRuntime.Source, "mlx-engine"), "--probe"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var probe = await SpawnThread.StartAsync(start);
        var output = await probe.StandardOutput.ReadToEndAsync().WaitAsync(CommandUnderTest.Bound);
        await probe.WaitForExitAsync();
        if (said is null)
        {
            // The library takes the process with it: that is why the probe is one of its own.
            Assert.True(probe.ExitCode is 135 or 139, $"{probe.ExitCode}: {output}");
            return;
        }

        Assert.Equal(0, probe.ExitCode);
        var report = JsonElement.Parse(output);
        var broken = report.GetProperty("broken").EnumerateArray().Select(reason => reason.GetString()).ToList();
        if (said.Length == 0)
        {
            Assert.Empty(broken);
            Assert.Contains("libmlx.so", report.GetProperty("libraries").EnumerateArray().Select(library => library.GetString()));
            Assert.Contains("llama", report.GetProperty("architectures").EnumerateArray().Select(name => name.GetString()));
        }
        else
        {
            Assert.Contains(broken, reason => reason!.StartsWith(said, StringComparison.Ordinal));
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Break(string fault)
    {
        string In(string name) => Path.Combine(_folder, Packages, name);
        switch (fault)
        {
            case "mlx gone":
                Directory.Delete(In("mlx"), recursive: true);
                Directory.Delete(In("mlx-0.32.4.dist-info"), recursive: true);
                break;
            case "back end gone":
                Directory.Delete(In("mlx_cpu-0.32.4.dist-info"), recursive: true);
                break;
            case "back end's library gone":
                File.Delete(In("mlx/lib/libmlx.so"));
                break;
            case "LAPACK gone":
                Directory.Delete(In("mlx_cpu.libs"), recursive: true);
                break;
            case "mlx-lm gone":
                Directory.Delete(In("mlx_lm"), recursive: true);
                Directory.Delete(In("mlx_lm-0.32.2.dist-info"), recursive: true);
                break;
            case "tokenizers gone":
                Directory.Delete(In("tokenizers-0.23.3.dist-info"), recursive: true);
                break;
            case "mixed versions":
                var record = In("mlx_cpu-0.32.4.dist-info/METADATA");
                File.WriteAllText(record, File.ReadAllText(record).Replace("\nVersion: 0.32.4", "\nVersion: 0.32.2", StringComparison.Ordinal));
                break;
            case "core library gone":
                File.Delete(Directory.GetFiles(In("mlx"), "core.*.so").Single());
                break;
            case "library empty":
                File.WriteAllText(In("mlx/lib/libmlx.so"), "");
                break;
            case "library not ELF":
                File.WriteAllText(In("mlx/lib/libmlx.so"), new string('x', 100_000));
                break;
            case "library cut":
                using (var library = File.OpenWrite(In("mlx/lib/libmlx.so")))
                    library.SetLength(1 << 20);
                break;
        }
    }
}
