namespace Tandem.Host.Api;

/// <param name="Status"><c>ok</c>; on <c>/health/ready</c> also <c>starting</c>.</param>
/// <param name="Instance">Id of this run of the supervisor, as in <c>run/host.json</c>.</param>
internal sealed record Health(string Status, string Instance, string Version);
