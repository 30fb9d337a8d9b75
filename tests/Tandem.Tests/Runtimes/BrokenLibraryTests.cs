using System.Runtime.InteropServices;
using Tandem.Host.Runtimes;
using Tandem.Plugins;
using Tandem.Tests.Support;

namespace Tandem.Tests.Runtimes;

/// <summary>The real llama.cpp library, spoiled in the ways that users meet: its survey says what is wrong and what to do.</summary>
public sealed class BrokenLibraryTests
{
    // mov byte [rdi+167], 1; mov rax, rdi; ret: writes another extent than any library that is known.
    private static readonly byte[] OtherLayout = [0xC6, 0x87, 167, 0, 0, 0, 1, 0x48, 0x89, 0xF8, 0xC3];
    private static readonly byte[] IllegalInstruction = [0x0F, 0x0B];

    [Theory]
    [InlineData("missing symbol", "lacks llama_decode")]
    [InlineData("other architecture", "libllama.v0.5.0.so cannot be loaded")]
    [InlineData("crash", "SIGILL")]
    [InlineData("other layout", "This worker knows the layouts of llama.cpp 0.4.0 and 0.5.0; the library calls itself 0.5.0-dev.")]
    public async Task A_spoiled_library_is_found_out_by_its_probe_and_the_bundled_one_goes_on(string spoiled, string reason)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.X64, "the library is spoiled as an x64 ELF file");
        await using var home = new RealHome();
        var library = Path.Combine(home.Copy("9.9.9"), "libllama.v0.5.0.so");
        var patch = new ElfPatch(library);
        _ = spoiled switch
        {
            "missing symbol" => patch.Rename("llama_decode"),
            "other architecture" => patch.Machine(183),
            "crash" => patch.Code("llama_backend_init", IllegalInstruction),
            _ => patch.Code("llama_context_default_params", OtherLayout),
        };
        patch.Save();

        await home.Get<RuntimeChecks>().SurveyAllAsync(fresh: true, TestContext.Current.CancellationToken);
        var runtimes = home.Get<RuntimeCatalogue>();
        var broken = Assert.IsType<RuntimeLookup.Found>(runtimes.Find("llama.cpp@0.5.0+9.9.9")).Report;
        Assert.Contains(reason, broken.Reason!, StringComparison.Ordinal);
        Assert.Equal((false, false, Compatibility.ErrorCheckingCompatibility), (broken.Usable, broken.Selected, broken.Compatibility));
        Assert.False(string.IsNullOrEmpty(broken.NextStep));
        Assert.Equal(RealHome.Bundled, Assert.IsType<RuntimeChoice.Found>(runtimes.Pick("llama.cpp")).Runtime.Id);
    }

    [Fact]
    public async Task The_bundled_runtime_is_found_compatible_with_its_device_and_libraries()
    {
        Assert.SkipUnless(Directory.Exists(RealHome.BundledFolder), "this system has another bundled runtime");
        await using var home = new RealHome();
        var report = Assert.IsType<RuntimeLookup.Found>(home.Get<RuntimeCatalogue>().Find(RealHome.Bundled)).Report;
        Assert.True(report.IsChecking);
        report = await home.Get<RuntimeChecks>().SurveyAsync(report, fresh: true, TestContext.Current.CancellationToken);
        Assert.Equal((true, Compatibility.Compatible), (report.Usable, report.Compatibility));
        Assert.Contains("libllama.v0.5.0.so", report.Survey!.Probe!.Libraries);
        Assert.NotEmpty(report.Survey.Probe.Devices);
    }
}
