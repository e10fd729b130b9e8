namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>How the weights of a folder come into memory.</summary>
public enum WeightLoading
{
    /// <summary>They are read into memory of the model's own. The default: whatever happens to the files afterwards, the model stays what it is.</summary>
    Copied,

    /// <summary>
    /// They stay in the files, which are mapped into memory: a load takes little more than a look at the numbers, several processes share one copy, and memory that is needed elsewhere is found by forgetting what the file still has. For scoring and generation.
    /// What is written to such weights (by training, merging or by hand) is copied, page by page, and never reaches the files. Weights of another type, orientation or device than the file's are copied as ever, which a warning says.
    /// Files must not be cut or written to in place by anybody while the model lives: a page that is gone ends the process (SIGBUS), without an exception. To give a file a new content under its name, by a change of name, as <see cref="HuggingFaceFolder"/> saves, is harmless; Windows refuses it until the model is disposed.
    /// </summary>
    Mapped,
}
