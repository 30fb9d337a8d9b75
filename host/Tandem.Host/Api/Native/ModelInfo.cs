namespace Tandem.Host.Api.Native;

/// <summary>The model behind an answer.</summary>
/// <param name="ContextLength">Context in force, tokens.</param>
internal sealed record ModelInfo(string Arch, string Quant, string Format, uint ContextLength);

/// <summary>The runtime behind an answer.</summary>
/// <param name="Name">E.g. <c>llama.cpp-linux-x64-cpu</c>.</param>
/// <param name="Version">Version of the engine.</param>
internal sealed record RuntimeName(string Name, string Version, IReadOnlyList<string> SupportedFormats);
