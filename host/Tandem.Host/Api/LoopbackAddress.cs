using System.Net;

namespace Tandem.Host.Api;

/// <summary>What counts as this machine talking to itself.</summary>
public static class LoopbackAddress
{
    /// <summary><c>localhost</c> or a loopback address, IPv6 with or without brackets.</summary>
    public static bool IsLoopbackName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Equals("localhost", StringComparison.OrdinalIgnoreCase) || Parse(name) is not null;
    }

    /// <summary>The loopback address that a name stands for; null when it is another.</summary>
    public static IPAddress? Parse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Equals("localhost", StringComparison.OrdinalIgnoreCase))
            return IPAddress.Loopback;
        return IPAddress.TryParse(name.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address) ? address : null;
    }
}
