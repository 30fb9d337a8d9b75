using Tandem.Host.Storage;

namespace Tandem.Host.Runtimes;

/// <summary>What a user can set about runtimes.</summary>
public static class RuntimeSettings
{
    public static readonly Setting AutoUpdate = new(
        "runtimes.auto_update", false, "Update the selected runtimes when Tandem starts, never later; pinned ones stay.");

    public static readonly Setting KeepOld = new(
        "runtimes.keep_old", 2L, "Older versions of a runtime that stay installed after an update; the one to roll back to always does.")
    {
        Minimum = 0,
        Maximum = 100,
    };

    public static IReadOnlyList<Setting> All { get; } = [AutoUpdate, KeepOld];
}
