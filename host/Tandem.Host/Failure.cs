namespace Tandem.Host;

/// <summary>
/// An expected failure on its way to a caller. <c>Api/</c> turns it into the error body of every endpoint in one place;
/// the command line prints <see cref="Message"/> and <see cref="NextStep"/> as its two lines.
/// </summary>
/// <param name="Code">One of <see cref="FailureCodes"/>, or a code that a worker sent.</param>
/// <param name="Message">What happened, one sentence.</param>
/// <param name="Param">The request field at fault, null when none is.</param>
/// <param name="NextStep">What to do about it, one sentence; null when nothing helps.</param>
/// <param name="RetryAfter">When a retry can help.</param>
public sealed record Failure(string Code, string Message, string? Param = null, string? NextStep = null, TimeSpan? RetryAfter = null);

/// <summary>Error codes of the outside contract.</summary>
public static class FailureCodes
{
    public const string DraftEngineMismatch = "draft_engine_mismatch";
    public const string DraftVocabularyMismatch = "draft_vocab_mismatch";
    public const string ContextLengthExceeded = "context_length_exceeded";
    public const string ImagesNotSupported = "images_not_supported";
    public const string NotSupported = "not_supported";
    public const string RuntimeOutdated = "runtime_outdated";
    public const string InvalidValue = "invalid_value";
    public const string ModelNotFound = "model_not_found";
    public const string RuntimeNotFound = "runtime_not_found";
    public const string ChatNotFound = "chat_not_found";
    public const string QueueFull = "queue_full";
    public const string ModelLoadFailed = "model_load_failed";
    public const string InsufficientMemory = "insufficient_memory";
    public const string WorkerCrashed = "worker_crashed";

    /// <summary>The model was unloaded, or Tandem stopped, while the request waited or ran; 503.</summary>
    public const string ModelUnloaded = "model_unloaded";
    public const string RuntimeBroken = "runtime_broken";

    /// <summary>A worker runs on it; 409.</summary>
    public const string RuntimeInUse = "runtime_in_use";

    /// <summary>A runtime could not be installed; everything is as before; 503.</summary>
    public const string InstallFailed = "install_failed";

    /// <summary>The database cannot be read or written; 503.</summary>
    public const string StorageFailed = "storage_failed";
}
