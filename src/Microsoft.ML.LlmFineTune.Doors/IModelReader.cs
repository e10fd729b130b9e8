namespace Microsoft.ML.LlmFineTune.Doors;

/// <summary>What the library implements, so that a model file can be read without anybody having touched the library before.</summary>
internal interface IModelReader
{
    /// <summary>Makes the transformer of the entries; <paramref name="readEntry"/> answers false when the file lacks the entry.</summary>
    object Read(object environment, Func<string, Action<Stream>, bool> readEntry);
}
