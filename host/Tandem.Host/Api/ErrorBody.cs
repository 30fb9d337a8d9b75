namespace Tandem.Host.Api;

/// <summary>Body of every error, whatever the endpoint.</summary>
internal sealed record ErrorBody(ErrorDto Error);

/// <param name="Message">What happened; after a line feed, what to do about it.</param>
/// <param name="Type">Family of the code, as OpenAI names them.</param>
/// <param name="Param">Path of the request field at fault; null when none is.</param>
/// <param name="Code">Stable name of the case.</param>
internal sealed record ErrorDto(string Message, string Type, string? Param, string Code);
