namespace Tandem.Host.Api.Management;

/// <summary>A request that got a worker, or has given it back.</summary>
/// <param name="Draft">The draft it uses; null: none.</param>
/// <param name="State"><c>began</c>, <c>completed</c> or <c>failed</c>.</param>
internal sealed record RequestItem(string Instance, string Worker, string? Draft, string State);
