using System.Globalization;
using Tandem.Host.Plugins;
using Tandem.Host.Workers;
using Tandem.Plugins;
using Tandem.Protocol;

namespace Tandem.Host.Runtimes.Survey;

/// <summary>Runs the probe of a runtime: the worker's own program, out of process, under the environment of a real launch.</summary>
internal sealed class RuntimeProbe(EngineLaunch launch, ToolRunner tools, WorkerTimes times)
{
    /// <summary>A Python environment that is read for the first time takes tens of seconds on a slow disk.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(90);

    private const string OtherRuntime = "Select or install another runtime: tandem runtime ls, tandem runtime get";

    public async Task<ProbeResult> RunAsync(EnginePlugin plugin, RuntimeInfo runtime, CancellationToken cancellationToken)
    {
        var start = times.Clock.GetTimestamp();
        var at = times.Clock.GetUtcNow();
        var planned = plugin.Call($"planning a probe of {runtime.Id}", p => p.PlanProbe(runtime, launch.ContextOf(runtime.EngineId)));
        if (planned is PluginCall<LaunchPlan>.Failed failed)
            return Broken(0, failed.Failure.Message, failed.Failure.NextStep ?? OtherRuntime);
        var plan = ((PluginCall<LaunchPlan>.Returned)planned).Value;
        var given = new Dictionary<string, string>
        {
            [WorkerContract.RuntimeDirectoryVariable] = runtime.Folder,
            [WorkerContract.SupervisorPidVariable] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
        };
        var command = new ChildCommand(
            plan.Executable, plan.Arguments, runtime.Folder, ChildEnvironment.Changes(Environment.GetEnvironmentVariables(), plan.Environment, given));
        return await tools.RunAsync(command, keepInput: true, Bound, cancellationToken) switch
        {
            ToolOutcome.Ended ended => Read(ended),
            ToolOutcome.TooSlow slow => Broken(slow.Pid, $"its probe did not end within {Bound.TotalSeconds:0} s", OtherRuntime),
            ToolOutcome.NotStarted not => Broken(0, $"its worker {plan.Executable} cannot be started: {not.Reason.TrimEnd('.')}", "Install the engine again."),
            _ => throw new InvalidOperationException("a command has three outcomes"),
        };

        ProbeResult Read(ToolOutcome.Ended ended)
        {
            if (ended.ExitCode != 0)
            {
                var exit = FaultExplainer.Explain(ended.ExitCode, ended.LastLines);
                return Broken(ended.Pid, $"its probe ended with {exit.Cause.TrimEnd('.')}", exit.NextStep);
            }

            if (ProbeOutput.TryParse(ended.Output) is not { } output)
                return Broken(ended.Pid, "its probe printed no report", OtherRuntime);
            if (output.Engine is { } engine && engine != runtime.EngineId)
                return Broken(ended.Pid, $"it holds engine '{engine}' and was installed for '{runtime.EngineId}'", "Remove it and install it again.");
            return ResultOf(runtime, output, ended.Pid, at, Elapsed());
        }

        ProbeResult Broken(int pid, string reason, string nextStep) =>
            new() { Pid = pid, At = at, Seconds = Elapsed(), Broken = [reason], NextStep = nextStep };

        double Elapsed() => times.Clock.GetElapsedTime(start).TotalSeconds;
    }

    private static ProbeResult ResultOf(RuntimeInfo runtime, ProbeOutput output, int pid, DateTimeOffset at, double seconds)
    {
        var devices = (output.Devices ?? []).Select(device => new ProbedDevice(
            device.Name ?? "", device.Description ?? "", device.Kind ?? "", (long)device.MemoryTotal, (long)device.MemoryFree)).ToList();
        var broken = output.Broken ?? [];
        var onCpu = runtime.Variant != "cpu" && devices.All(device => device.Kind is "" or "Cpu" && device.Name.StartsWith("CPU", StringComparison.OrdinalIgnoreCase));
        return new ProbeResult
        {
            Pid = pid,
            At = at,
            Seconds = seconds,
            Broken = broken,
            NextStep = broken.Count == 0 ? null : OtherRuntime,
            Warnings = broken.Count == 0 && onCpu
                ? [$"It was built for {runtime.Variant} and found no such device: models would run on the processor."]
                : [],
            Version = output.Version ?? "",
            Devices = devices,
            CpuFeatures = output.CpuFeatures ?? [],
            Libraries = output.Libraries ?? [],
        };
    }
}
