namespace Tandem.Host.Api.OpenAi;

internal sealed record ModelList(string Object, IReadOnlyList<ModelItem> Data);

/// <param name="Id">Canonical key.</param>
/// <param name="Created">Unix seconds at which the file was last written.</param>
/// <param name="OwnedBy">Publisher.</param>
internal sealed record ModelItem(string Id, string Object, long Created, string OwnedBy);
