namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>A setting of a request that cannot be served as asked.</summary>
/// <param name="Code"><c>invalid_value</c>: outside its range; <c>not_supported</c>: this worker does not have it.</param>
/// <param name="Field">Path of the field in the request, e.g. <c>sampling.top_p</c>.</param>
/// <param name="Message">What is wrong, one sentence for a person.</param>
internal sealed record SettingError(string Code, string Field, string Message)
{
    public static SettingError Invalid(string field, string message) => new("invalid_value", field, message);

    public static SettingError NotSupported(string field) =>
        new("not_supported", field, $"{field} is not supported by the llama.cpp worker.");
}
