namespace Tandem.Cli;

/// <summary>Exit codes of the outside contract.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int Usage = 2;
    public const int HostNotReachable = 3;
    public const int NotFound = 4;
    public const int Refused = 5;

    /// <summary>128 + SIGINT, as shells have it.</summary>
    public const int Interrupted = 130;

    /// <summary>128 + SIGTERM.</summary>
    public const int Terminated = 143;

    /// <summary>For an error code of the HTTP interface.</summary>
    public static int Of(string? code) => code switch
    {
        "model_not_found" or "runtime_not_found" => NotFound,
        "draft_engine_mismatch" or "draft_vocab_mismatch" or "runtime_outdated" => Refused,
        "invalid_value" => Usage,
        _ => Failed,
    };
}
