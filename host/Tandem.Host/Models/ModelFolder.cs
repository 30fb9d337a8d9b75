namespace Tandem.Host.Models;

/// <summary>A folder in which models are looked for, at any depth.</summary>
/// <param name="Path">Absolute; need not exist.</param>
/// <param name="Embedded">Holds the models that ship with Tandem, and their defaults.</param>
public sealed record ModelFolder(string Path, bool Embedded = false)
{
    /// <summary>All folders of an installation, first one first: of two equal keys the earlier folder's model wins.</summary>
    public static IReadOnlyList<ModelFolder> Of(HostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return
        [
            new ModelFolder(System.IO.Path.Combine(options.HomeFolder, "models")),
            .. options.ModelFolders.Select(path => new ModelFolder(path)),
            new ModelFolder(System.IO.Path.Combine(options.ApplicationFolder, "models"), Embedded: true),
        ];
    }
}
