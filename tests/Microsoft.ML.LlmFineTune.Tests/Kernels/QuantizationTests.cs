using Microsoft.ML.LlmFineTune.Kernels;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Kernels;

public sealed class QuantizationTests
{
    [Fact]
    public void The_numbers_of_the_code_book_come_back_as_they_were()
    {
        float[] numbers = [.. Enumerable.Range(0, 5).SelectMany(i => Nf4.CodeBook.Select(code => code * (i < 4 ? 2 : 0.5f)))], back = new float[numbers.Length];
        byte[] packed = new byte[Nf4.PackedBytes(numbers.Length)];
        float[] scales = new float[Nf4.Blocks(numbers.Length)];
        Nf4.Quantize(numbers, packed, scales);
        Assert.Equal([2f, 0.5f], scales);
        Assert.Equal((byte[])[0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF], packed[..8]);
        Nf4.Dequantize(packed, scales, back);
        Assert.Equal(numbers, back);
    }

    [Fact]
    public void Zeros_and_a_tail_get_the_code_of_zero_and_the_middle_goes_down()
    {
        float[] numbers = [0, 0, 0, .. new float[61], 1, (Nf4.CodeBook[14] + Nf4.CodeBook[15]) / 2, -1];
        byte[] packed = new byte[Nf4.PackedBytes(numbers.Length)];
        float[] scales = new float[Nf4.Blocks(numbers.Length)], back = new float[numbers.Length];
        Nf4.Quantize(numbers, packed, scales);
        Assert.Equal([0f, 1f], scales);
        Assert.All(packed[..32], value => Assert.Equal(0x77, value));
        Assert.Equal((byte[])[0xFE, 0x07], packed[32..]);
        Nf4.Dequantize(packed, scales, back);
        Assert.Equal(-1, back[^1]);
        Assert.Throws<ArgumentException>(() => Nf4.Quantize(numbers, new byte[3], scales));
    }

    [Fact]
    public void The_dynamic_code_is_dense_near_zero_and_takes_the_nearest()
    {
        Assert.Equal((256, -0.99296874f, 1f), (DynamicCode.Values.Count, DynamicCode.Values[0], DynamicCode.Values[255]));
        Assert.Equal(DynamicCode.Values.Order(), DynamicCode.Values);
        for (int code = 0; code < 256; code++) Assert.Equal(code, DynamicCode.Nearest(DynamicCode.Values[code]));
        Assert.Equal((0, 255), (DynamicCode.Nearest(-2), DynamicCode.Nearest(2)));
        float[] scales = [1, 2, 3, 4], second = new float[1], back = new float[4];
        byte[] codes = new byte[4];
        float mean = Nf4.QuantizeScales(scales, codes, second);
        Assert.Equal((2.5f, 1.5f), (mean, second[0]));
        Nf4.DequantizeScales(codes, second, mean, back);
        Assert.All(scales.Zip(back), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 0.02));
    }

    [Fact]
    public void Rows_of_eight_bits_have_a_scale_each()
    {
        float[] numbers = [127, -127, 2.5f, 0, 0, 0], scales = new float[2], back = new float[6];
        sbyte[] codes = new sbyte[6];
        Int8Rows.Quantize(numbers, 3, codes, scales);
        // Half to even.
        Assert.Equal((sbyte[])[127, -127, 2, 0, 0, 0], codes);
        Assert.Equal([1f, 1 / 127f], scales);
        Int8Rows.Dequantize(codes, scales, 3, back);
        Assert.Equal([127f, -127, 2, 0, 0, 0], back);
        Assert.Throws<ArgumentException>(() => Int8Rows.Quantize(numbers, 4, codes, scales));
    }
}
