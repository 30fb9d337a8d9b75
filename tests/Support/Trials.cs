using System.Globalization;

namespace Tandem.Tests.Support;

/// <summary>How often a test of chances tries: few times in every run, as often as TANDEM_TRIALS says by hand.</summary>
internal static class Trials
{
    public static int Count(int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable("TANDEM_TRIALS"), NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : usual;
}
