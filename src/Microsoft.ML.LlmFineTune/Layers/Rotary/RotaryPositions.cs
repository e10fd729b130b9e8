using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers.Rotary;

/// <summary>The rotations of a decoder's forward pass. It has no weights: the frequencies follow from a few numbers.</summary>
public sealed class RotaryPositions
{
    private readonly int _size;
    private readonly double _theta;
    private readonly RotaryScaling? _scaling;

    /// <summary>Creates the layer.</summary>
    /// <param name="size">Numbers of a head that are rotated; even.</param>
    /// <param name="theta">The base of the frequencies; greater than 0.</param>
    /// <param name="scaling">How longer texts than those of training are read; null: as they come.</param>
    public RotaryPositions(int size, double theta, RotaryScaling? scaling)
    {
        _size = Require.AtLeast(size, 2);
        _theta = Require.Positive(theta);
        _scaling = scaling;
    }

    /// <summary>Cosines and sines for the new tokens of a forward pass.</summary>
    /// <param name="context">Of this forward pass.</param>
    /// <param name="device">Device of the model.</param>
    /// <returns>[batch or 1, 1, sequence, size] float32 each, for <see cref="RotaryEmbedding.Rotate"/>.</returns>
    public (Tensor Cos, Tensor Sin) At(DecoderContext context, Device device)
    {
        Require.NotNull(context);
        Tensor? numbers = context.Positions();                                                                                      // [batch, sequence]
        Tensor positions = numbers
            ?? arange(context.Start, context.Start + context.Queries, dtype: ScalarType.Int64, device: device).unsqueeze(0);       // [1, sequence]
        // The longest row decides for the whole batch, as in the reference implementation.
        long length = _scaling is not { DependsOnLength: true } ? 0 : numbers is null ? context.Start + context.Queries : positions.max().item<long>() + 1;
        float[] frequencies = _scaling?.Frequencies(_size, _theta, length) ?? RotaryEmbedding.Frequencies(_size, _theta);
        return RotaryEmbedding.At(positions, tensor(frequencies, device: device), _scaling?.Amplitude ?? 1);
    }
}
