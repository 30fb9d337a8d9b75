using Tandem.Host.Plugins;
using Tandem.Plugins;

namespace Tandem.Host.Runtimes.Install;

/// <summary>What can be installed here, as the plugins know it.</summary>
internal sealed class RuntimeOffers(PluginCatalogue plugins, RuntimeCatalogue catalogue, RuntimeStore store, EngineLaunch launch)
{
    /// <summary>All that match, of every engine; for one engine the newest first, then the best variant.</summary>
    public IReadOnlyList<InstallRecipe> Find(string query, string? wheelsFolder = null) =>
    [
        .. plugins.Loaded.ToList().SelectMany(plugin => plugin.Call(
                $"listing runtimes for '{query}'",
                p => p.FindRecipes(new InstallQuery(query, catalogue.Machine, store.HomeFolder, launch.EngineFolderOf(plugin.Id), wheelsFolder))) switch
        {
            PluginCall<IReadOnlyList<InstallRecipe>>.Returned returned => returned.Value,
            // Its status says so in the list of plugins; the other engines go on.
            _ => [],
        }),
    ];

    /// <summary>The one that an installation takes: the newest package and best variant for this machine, or the one that is named whole.</summary>
    public OfferChoice Choose(string query, string? wheelsFolder)
    {
        if (wheelsFolder is not null && !Directory.Exists(wheelsFolder))
            return Refuse(FailureCodes.InvalidValue, $"There is no folder {wheelsFolder}.", "wheels", "Give the folder that holds the Python packages.");
        var offers = query.Length == 0 ? [] : Find(query, wheelsFolder);
        if ((offers.FirstOrDefault(offer => offer.Runtime.Id.Equals(query, StringComparison.OrdinalIgnoreCase))
            ?? offers.FirstOrDefault(offer => offer.Unfit is null)) is { } chosen)
        {
            return new OfferChoice.Chosen(chosen);
        }

        var known = string.Join(", ", Find("", wheelsFolder).Where(offer => offer.Unfit is null).Select(offer => offer.Runtime.Id));
        return offers.Count > 0
            ? Refuse(FailureCodes.RuntimeNotFound, $"Nothing that matches '{query}' fits this machine: {offers[0].Runtime.Id}: {offers[0].Unfit}.", null,
                $"To install it all the same, give its whole id: tandem runtime get {offers[0].Runtime.Id}")
            : Refuse(FailureCodes.RuntimeNotFound, $"No runtime matches '{query}'.", null,
                known.Length > 0 ? $"There are: {known}." : "No engine offers a runtime for this machine.");
    }

    private static OfferChoice.Refused Refuse(string code, string message, string? field, string nextStep) =>
        new(new Failure(code, message, field, nextStep));
}

/// <summary>Outcome of looking for something to install.</summary>
internal abstract record OfferChoice
{
    public sealed record Chosen(InstallRecipe Recipe) : OfferChoice;

    public sealed record Refused(Failure Failure) : OfferChoice;
}
