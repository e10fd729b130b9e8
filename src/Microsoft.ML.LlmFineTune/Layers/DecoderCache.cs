namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>What a decoder keeps of the positions that it has already read, so that each further token costs one position. It serves inference: nothing in it has gradients.</summary>
public abstract class DecoderCache : IDisposable
{
    /// <summary>Rows of the batch.</summary>
    public abstract long Batch { get; }

    /// <summary>Positions that fit.</summary>
    public abstract long Capacity { get; }

    /// <summary>Positions that have been read by all layers.</summary>
    public abstract long Length { get; }

    /// <summary>Whether <see cref="CutBack"/> is possible: a recurrent state cannot forget.</summary>
    public abstract bool CanCutBack { get; }

    /// <summary>Chooses rows of the batch, in the order given; any may be chosen several times, the others are gone.</summary>
    /// <param name="rows">Numbers of rows, from 0; at least one.</param>
    public abstract void Keep(IReadOnlyList<int> rows);

    /// <summary>Forgets the last positions.</summary>
    /// <param name="length">Positions that stay; from 0 to <see cref="Length"/>.</param>
    /// <exception cref="NotSupportedException"><see cref="CanCutBack"/> is false.</exception>
    public abstract void CutBack(long length);

    /// <summary>Forgets everything; the memory stays.</summary>
    public abstract void Clear();

    /// <summary>Frees the memory.</summary>
    public abstract void Dispose();
}
