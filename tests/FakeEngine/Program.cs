using System.Diagnostics;
using System.Text.Json;
using FakeEngine;
using FakeEngine.Scripts;
using Tandem.Engine.Worker;
using Tandem.Protocol;

return args switch
{
    [] => await ServeAsync(),
    ["--probe"] => await ProbeAsync(),
    ["--spawn"] => Spawn(),
    [FaultPoint.HoldVerb] => Hold(),
    _ => Usage(),
};

static async Task<int> ServeAsync()
{
    var identity = WorkerProcess.Begin();
    var path = Path.Combine(identity.RuntimeDirectory, ScriptFile.ProcessScript);
    var script = File.Exists(path) ? ScriptFile.Read(path) : new FakeScript();
    await FaultPoint.StartAsync(script.Faults);
    var options = new WorkerServerOptions();
    if (script.Faults.StartLine is { } line)
    {
        options = options with
        {
            ReplaceStartLine = real => line.Replace("{endpoint}", real.Endpoint, StringComparison.Ordinal)
                .Replace("{pid}", $"{real.Pid}", StringComparison.Ordinal),
        };
    }

    return await WorkerServer.RunAsync(identity, new FakeService(identity, script, TimeProvider.System), options);
}

static async Task<int> ProbeAsync()
{
    WorkerProcess.BeginProbe();
    var path = Path.Combine(Environment.GetEnvironmentVariable(WorkerContract.RuntimeDirectoryVariable) ?? "", ScriptFile.ProcessScript);
    var script = File.Exists(path) ? ScriptFile.Read(path) : new FakeScript();
    await FaultPoint.PassAsync(script.Faults.Probe, CancellationToken.None);
    var facts = script.Engine;
    Console.WriteLine(JsonSerializer.Serialize(new
    {
        engine = FakeDefaults.EngineId,
        version = facts.Version,
        build = facts.Build,
        devices = facts.Devices.Select(device => new
        {
            name = device.Name,
            description = device.Description,
            kind = device.Kind,
            memory_total = device.MemoryTotal,
            memory_free = device.MemoryFree,
        }),
        cpu_features = Array.Empty<string>(),
        libraries = Array.Empty<string>(),
        architectures = new[] { "fake" },
        broken = script.Faults.Broken,
    }));
    return 0;
}

// Plays a supervisor for tests of the parent watch: starts a worker that shares its standard input and output, and waits for it.
static int Spawn()
{
    Environment.SetEnvironmentVariable(WorkerContract.SupervisorPidVariable, $"{Environment.ProcessId}");
    using var worker = Process.Start(new ProcessStartInfo(Environment.ProcessPath!));
    worker!.WaitForExit();
    return worker.ExitCode;
}

static int Hold()
{
    using var never = new ManualResetEvent(false);
    never.WaitOne();
    return 0;
}

static int Usage()
{
    Console.Error.WriteLine("usage: FakeEngine [--probe | --spawn]");
    return 64;
}
