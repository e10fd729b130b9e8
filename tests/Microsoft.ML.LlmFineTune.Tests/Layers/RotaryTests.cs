using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Layers.Rotary;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Layers;

public sealed class RotaryTests
{
    private const int Size = 16;
    private const double Theta = 10000;

    private static readonly float[] Plain = RotaryEmbedding.Frequencies(Size, Theta);

    public RotaryTests() => NativeRuntime.Initialize();

    [Fact]
    public void PlainFrequenciesFallByTheSameFactor()
    {
        Assert.Equal(Size / 2, Plain.Length);
        for (int i = 0; i < Plain.Length; i++) Assert.Equal(Math.Pow(Theta, -2.0 * i / Size), Plain[i], 1e-7);
    }

    [Fact]
    public void LinearScalingDividesThem() => AssertClose(Plain.Select(frequency => frequency / 4.0), new LinearScaling(4).Frequencies(Size, Theta, 0));

    [Fact]
    public void DynamicScalingStartsWhereTheTrainedTextsEnd()
    {
        DynamicScaling scaling = new(Factor: 2, TrainedLength: 8);
        AssertClose(Plain.Select(frequency => (double)frequency), scaling.Frequencies(Size, Theta, 3));
        AssertClose(Plain.Select(frequency => (double)frequency), scaling.Frequencies(Size, Theta, 8));
        double theta = Theta * Math.Pow((2.0 * 20 / 8) - 1, 16.0 / 14);
        AssertClose(Enumerable.Range(0, 8).Select(i => Math.Pow(theta, -2.0 * i / Size)), scaling.Frequencies(Size, Theta, 20));
    }

    [Fact]
    public void YarnKeepsFastPairsAndSlowsSlowOnes()
    {
        float[] scaled = new YarnScaling(4, 2048) { FastTurns = 32, SlowTurns = 1 }.Frequencies(Size, Theta, 0);
        // Pairs 0 to 2 turn more than 32 times within 2,048 positions, pairs from 6 on less than once.
        for (int i = 0; i <= 2; i++) Assert.Equal(Plain[i], scaled[i], 1e-7);
        for (int i = 3; i < 6; i++) Assert.InRange(scaled[i], Plain[i] / 4, Plain[i]);
        for (int i = 6; i < 8; i++) Assert.Equal(Plain[i] / 4, scaled[i], 1e-9);
    }

    [Fact]
    public void YarnsBoundsMayLieBetweenPairs()
    {
        YarnScaling rounded = new(4, 2048), exact = rounded with { Truncate = false };
        Assert.NotEqual(rounded.Frequencies(Size, Theta, 0), exact.Frequencies(Size, Theta, 0));
        double low = Size * Math.Log(2048 / (32 * 2 * Math.PI)) / (2 * Math.Log(Theta)), high = Size * Math.Log(2048 / (2 * Math.PI)) / (2 * Math.Log(Theta));
        double slowed = (3 - low) / (high - low);
        Assert.Equal(Plain[3] * ((slowed / 4) + 1 - slowed), exact.Frequencies(Size, Theta, 0)[3], 1e-7);
    }

    [Fact]
    public void AmplitudesByTheirFormulas()
    {
        Assert.Equal(1, new LinearScaling(4).Amplitude);
        Assert.Equal((0.1 * Math.Log(4)) + 1, new YarnScaling(4, 16).Amplitude, 1e-12);
        Assert.Equal(1, new YarnScaling(1, 16).Amplitude);
        Assert.Equal(1.25, new YarnScaling(4, 16) { AttentionFactor = 1.25, Scale = 1, AllDimensionsScale = 2 }.Amplitude);
        Assert.Equal(((0.07 * Math.Log(4)) + 1) / ((0.09 * Math.Log(4)) + 1), new YarnScaling(4, 16) { Scale = 0.7, AllDimensionsScale = 0.9 }.Amplitude, 1e-12);
        Assert.Equal((0.1 * Math.Log(4)) + 1, new YarnScaling(4, 16) { Scale = 0.7 }.Amplitude, 1e-12);
        Assert.Equal(Math.Sqrt(1 + (Math.Log(32) / Math.Log(4096))), new LongRopeScaling([1], [1], 4096, 32).Amplitude, 1e-12);
        Assert.Equal(1, new LongRopeScaling([1], [1], 4096, 1).Amplitude);
        Assert.Equal(1.5, new LongRopeScaling([1], [1], 4096, 32) { AttentionFactor = 1.5 }.Amplitude);
    }

    [Fact]
    public void LongRopeChangesItsListBeyondTheOriginalLength()
    {
        LongRopeScaling scaling = new([1, 2], [3, 4], OriginalLength: 8, Factor: 4);
        float[] plain = RotaryEmbedding.Frequencies(4, Theta);
        AssertClose([plain[0], plain[1] / 2], scaling.Frequencies(4, Theta, 8));
        AssertClose([plain[0] / 3, plain[1] / 4], scaling.Frequencies(4, Theta, 9));
    }

    [Fact]
    public void Llama3StretchesLongWavesOnly()
    {
        float[] scaled = new Llama3Scaling(8, 1, 4, 64).Frequencies(Size, Theta, 0);
        for (int i = 0; i < 8; i++)
        {
            double wave = 2 * Math.PI / Plain[i], kept = ((64 / wave) - 1) / (4 - 1);
            Assert.Equal(wave < 16 ? Plain[i] : wave > 64 ? Plain[i] / 8 : Plain[i] * (((1 - kept) / 8) + kept), scaled[i], 1e-7);
        }
    }

    [Fact]
    public void RotationKeepsLengthsAndDependsOnDistancesOnly()
    {
        Tensor query = randn(1, 1, 1, Size), key = randn(1, 1, 1, Size), frequencies = tensor(Plain);
        double near = Score(3, 1), far = Score(103, 101);
        Assert.Equal(near, far, 1e-4);
        Assert.Equal(query.norm().item<float>(), At(query, 5).norm().item<float>(), 1e-5);

        Tensor At(Tensor x, long position) => RotaryEmbedding.Rotate(x, RotaryEmbedding.At(tensor(new[] { position }, [1, 1]), frequencies));

        double Score(long left, long right) => At(query, left).mul(At(key, right)).sum().item<float>();
    }

    [Fact]
    public void TheRestOfAHeadStays()
    {
        Tensor x = randn(1, 2, 3, Size);
        (Tensor, Tensor) rotation = RotaryEmbedding.At(arange(3, dtype: ScalarType.Int64).unsqueeze(0), tensor(RotaryEmbedding.Frequencies(4, Theta)));
        Tensor rotated = RotaryEmbedding.Rotate(x, rotation);
        Assert.True(rotated.narrow(-1, 4, 12).eq(x.narrow(-1, 4, 12)).all().item<bool>());
        Assert.False(rotated.narrow(-1, 0, 4).allclose(x.narrow(-1, 0, 4)));
    }

    [Fact]
    public void NumbersOutOfRangeAreNamed()
    {
        Assert.Contains("Factor", Message(() => new LinearScaling(0.5).Validate(8)), StringComparison.Ordinal);
        Assert.Contains("FastTurns", Message(() => new YarnScaling(2, 8) { FastTurns = 1 }.Validate(8)), StringComparison.Ordinal);
        Assert.Contains("HighFrequencyFactor", Message(() => new Llama3Scaling(2, 4, 4, 8).Validate(8)), StringComparison.Ordinal);
        Assert.Contains("ShortFactors must be 4 positive numbers", Message(() => new LongRopeScaling([1], [1], 8, 2).Validate(8)), StringComparison.Ordinal);
        Assert.Contains("Fraction", Message(() => new RotaryOptions { Fraction = 1.5 }.Validate(8)), StringComparison.Ordinal);
        Assert.Contains("as pairs", Message(() => new RotaryOptions { Fraction = 0.4 }.Validate(8)), StringComparison.Ordinal);

        static string Message(Action action) => Assert.ThrowsAny<ArgumentException>(action).Message;
    }

    private static void AssertClose(IEnumerable<double> expected, float[] actual)
    {
        double[] all = [.. expected];
        Assert.Equal(all.Length, actual.Length);
        for (int i = 0; i < all.Length; i++) Assert.Equal(all[i], actual[i], 1e-6);
    }
}
