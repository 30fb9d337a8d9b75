using System.Globalization;
using System.Text;
using FakeEngine.Scripts;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests;

/// <summary>What the built supervisor costs while it has nothing to do.</summary>
public sealed class IdleCostTests(ITestOutputHelper output)
{
    [Fact]
    [Trait("Tier", "Functional")]
    public async Task With_three_idle_workers_it_uses_hardly_any_CPU_and_little_memory()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        var root = Directory.CreateTempSubdirectory("ti-").FullName;
        var app = AppCopy.Make(root, "FakePlugin");
        var home = Directory.CreateDirectory(Path.Combine(root, "home")).FullName;
        var model = Path.Combine(Directory.CreateDirectory(Path.Combine(home, "models", "test", "m")).FullName, "m" + ScriptFile.Extension);
        ScriptFile.Write(model, new FakeScript());
        await using (var serve = await CommandUnderTest.StartAsync(home, ["serve", "--port", "0"], appFolder: app))
        {
            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(await serve.UrlAsync()) };
            for (var worker = 0; worker < 3; worker++)
            {
                using var body = new StringContent("{\"model\": \"m\"}", Encoding.UTF8, "application/json");
                using var started = await client.PostAsync(new Uri("/api/tandem/workers", UriKind.Relative), body);
                started.EnsureSuccessStatusCode();
            }

            while (await ReadyAsync(client) < 3)
                await Task.Delay(100);
            // What the start left to do is done by then.
            await Task.Delay(TimeSpan.FromSeconds(5));
            var (before, seconds) = (CpuSeconds(serve.Pid), 20);
            await Task.Delay(TimeSpan.FromSeconds(seconds));
            var share = (CpuSeconds(serve.Pid) - before) / seconds;
            var memory = PrivateMegabytes(serve.Pid);
            output.WriteLine($"CPU {share:P2} of a core (goal 1 %), private memory {memory:0.0} MB (goal 80)");
            Assert.InRange(share, 0, 0.1);
            Assert.InRange(memory, 1, 160);
        }

        Directory.Delete(root, recursive: true);
    }

    private static async Task<int> ReadyAsync(HttpClient client) =>
        (await client.GetStringAsync(new Uri("/api/tandem/workers", UriKind.Relative))).Split("\"state\":\"ready\"").Length - 1;

    private static double CpuSeconds(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        // User and system time, in hundredths.
        return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / 100;
    }

    private static double PrivateMegabytes(int pid) => double.Parse(
        File.ReadLines($"/proc/{pid}/status").Single(line => line.StartsWith("RssAnon", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture) / 1000;
}
