using System.Diagnostics.CodeAnalysis;

namespace Tandem.Host.Api;

/// <summary>Reading of fields that reports the first one that is wrong, by its path.</summary>
internal sealed class FieldProblems
{
    /// <summary>Null while nothing is wrong.</summary>
    public Failure? First { get; private set; }

    public void Add(string path, string expected) => Add(
        FailureCodes.InvalidValue, path, $"'{path}' must be {expected}.", "Correct it and ask again.");

    public void Add(string code, string path, string message, string? nextStep = null) => First ??= new Failure(code, message, path, nextStep);

    [MemberNotNullWhen(true, nameof(First))]
    public bool Any => First is not null;
}
