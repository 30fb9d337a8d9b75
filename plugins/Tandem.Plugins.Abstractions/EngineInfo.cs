namespace Tandem.Plugins;

/// <summary>An engine, for lists and messages.</summary>
/// <param name="Id">Stable id, e.g. <c>llama.cpp</c>.</param>
/// <param name="DisplayName">For people.</param>
/// <param name="Formats">Model formats it runs, lower case, e.g. <c>gguf</c>.</param>
/// <param name="CapabilitySince">
/// Engine version in which a capability of the worker contract appeared; used to say which update would bring it.
/// </param>
public sealed record EngineInfo(
    string Id,
    string DisplayName,
    IReadOnlyList<string> Formats,
    IReadOnlyDictionary<string, string> CapabilitySince);
