using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>Positions as sines and cosines (Vaswani et al., 2017), computed, not learned: the first half of a row are sin(position / 10000^(2i / width)), the second the cosines.</summary>
public sealed class SinusoidalPositions
{
    private readonly int _width;
    private float[] _rows = [];

    /// <summary>Creates the layer; rows are computed when they are first asked for.</summary>
    /// <param name="width">Size of a row; at least 2.</param>
    public SinusoidalPositions(int width) => _width = Require.AtLeast(width, 2);

    /// <summary>Consecutive rows.</summary>
    /// <param name="start">The first position, from 0.</param>
    /// <param name="count">How many.</param>
    /// <param name="device">Device of the result.</param>
    /// <param name="dtype">Type of the result.</param>
    /// <returns>[count, width].</returns>
    public Tensor Rows(long start, long count, Device device, ScalarType dtype)
    {
        int end = checked((int)(start + count));
        if (_rows.Length < end * _width) Grow(end);
        return tensor(_rows[((int)start * _width)..(end * _width)], [count, _width], dtype, device);
    }

    private void Grow(int rows)
    {
        int sines = (_width + 1) / 2, first = _rows.Length / _width;
        Array.Resize(ref _rows, rows * _width);
        for (int position = first; position < rows; position++)
        {
            for (int i = 0; i < sines; i++)
            {
                (double sine, double cosine) = Math.SinCos(position / Math.Pow(10000, 2.0 * i / _width));
                _rows[(position * _width) + i] = (float)sine;
                if (sines + i < _width) _rows[(position * _width) + sines + i] = (float)cosine;
            }
        }
    }
}
