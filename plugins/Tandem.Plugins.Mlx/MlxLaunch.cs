namespace Tandem.Plugins.Mlx;

/// <summary>How the worker is started: its file in the engine's folder, by the Python of the runtime.</summary>
internal static class MlxLaunch
{
    /// <summary>The worker's executable inside the engine's folder.</summary>
    public const string Program = "mlx-engine";

    public static LaunchPlan Plan(RuntimeInfo runtime, LaunchContext context, params string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(context);
        // -E -s: neither Python's variables nor packages of the user's own change what the worker is.
        return new LaunchPlan(
            new MlxEnvironment(runtime.Folder).Python,
            ["-E", "-s", Path.Combine(context.EngineFolder, Program), .. arguments],
            new Dictionary<string, string>
            {
                // A model is a folder of this machine; a worker never downloads one.
                ["HF_HUB_OFFLINE"] = "1",
                // Compilation would start a compiler, a child that nobody watches.
                ["MLX_DISABLE_COMPILE"] = "1",
            });
    }
}
