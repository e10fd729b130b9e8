namespace Microsoft.ML.LlmFineTune.Layers.Rotary;

/// <summary>
/// How the frequencies of rotary positions are changed so that a model reads texts longer than those it was trained with. One record a published method, of plain numbers.
/// </summary>
public abstract record RotaryScaling
{
    /// <summary>What cosines and sines are multiplied by, which sharpens attention over more keys; 1 for methods that leave it alone.</summary>
    public virtual double Amplitude => 1;

    /// <summary>Whether <see cref="Frequencies"/> looks at the length of the text.</summary>
    public virtual bool DependsOnLength => false;

    /// <summary>The frequencies.</summary>
    /// <param name="size">Numbers of a head that are rotated; even.</param>
    /// <param name="theta">The base; greater than 0.</param>
    /// <param name="length">Positions of the longest text of the batch so far.</param>
    /// <returns>size / 2 of them.</returns>
    public abstract float[] Frequencies(int size, double theta, long length);

    /// <summary>How many positions a text may have with this method.</summary>
    /// <param name="trainedLength">Positions that the configuration names.</param>
    /// <returns>At least <paramref name="trainedLength"/>.</returns>
    public virtual int Reach(int trainedLength) => trainedLength;

    /// <summary>Demands that the numbers make sense.</summary>
    /// <param name="size">Numbers of a head that are rotated.</param>
    /// <exception cref="ArgumentException">One of them is out of its range; the message says which.</exception>
    public abstract void Validate(int size);

    /// <summary>A factor on a length, bounded by what an int holds.</summary>
    private protected static int Times(double factor, int length) => (int)Math.Min(factor * length, int.MaxValue);
}
