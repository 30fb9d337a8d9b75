namespace MissingDependency;

/// <summary>Its assembly is not beside the plugin that uses it.</summary>
public static class Lost
{
    public static string Name => "missing-dependency";
}
