using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Layers;

/// <summary>Rotary position embedding (Su et al.: "RoFormer", 2021) in Hugging Face's layout: the first half of a head's numbers is paired with the second.</summary>
public static class RotaryEmbedding
{
    /// <summary>The frequencies base^(-2i / size), i from 0.</summary>
    /// <param name="size">Numbers of a head that are rotated; even.</param>
    /// <param name="theta">The base; greater than 0.</param>
    /// <returns>size / 2 of them.</returns>
    public static float[] Frequencies(int size, double theta) =>
        [.. Enumerable.Range(0, size / 2).Select(i => 1 / MathF.Pow((float)theta, 2f * i / size))];

    /// <summary>Cosines and sines for positions.</summary>
    /// <param name="positions">[batch or 1, sequence] int64.</param>
    /// <param name="frequencies">[size / 2] float32.</param>
    /// <param name="factor">What both are multiplied by.</param>
    /// <returns>[batch or 1, 1, sequence, size] float32 each: they broadcast over heads.</returns>
    public static (Tensor Cos, Tensor Sin) At(Tensor positions, Tensor frequencies, double factor = 1)
    {
        Tensor angles = positions.to(ScalarType.Float32).unsqueeze(-1) * frequencies;   // [batch, sequence, size / 2]
        Tensor both = cat([angles, angles], -1).unsqueeze(1);                           // [batch, 1, sequence, size]
        return factor == 1 ? (both.cos(), both.sin()) : (both.cos().mul_(factor), both.sin().mul_(factor));
    }

    /// <summary>Rotates the first numbers of each head; the others stay.</summary>
    /// <param name="x">[batch, heads, sequence, headSize].</param>
    /// <param name="rotation">From <see cref="At"/>; its size is at most headSize.</param>
    /// <returns>The shape and type of x.</returns>
    public static Tensor Rotate(Tensor x, (Tensor Cos, Tensor Sin) rotation)
    {
        long size = rotation.Cos.size(-1), rest = x.size(-1) - size;
        (Tensor cos, Tensor sin) = (rotation.Cos.to(x.dtype), rotation.Sin.to(x.dtype));
        Tensor rotated = rest == 0 ? x : x.narrow(-1, 0, size);
        Tensor turned = cat([rotated.narrow(-1, size / 2, size / 2).neg(), rotated.narrow(-1, 0, size / 2)], -1);
        rotated = (rotated * cos) + (turned * sin);
        return rest == 0 ? rotated : cat([rotated, x.narrow(-1, size, rest)], -1);
    }
}
