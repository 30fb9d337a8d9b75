using Tandem.Engine.LlamaCpp.Service;
using Tandem.Engine.Worker;

if (args is ["--probe", ..])
{
    WorkerProcess.BeginProbe();
    return Probe.Run(args.Length > 1 ? args[1] : Environment.GetEnvironmentVariable(Tandem.Protocol.WorkerContract.RuntimeDirectoryVariable));
}

var identity = WorkerProcess.Begin();
await using var service = new LlamaCppService(identity);
return await WorkerServer.RunAsync(identity, service);
