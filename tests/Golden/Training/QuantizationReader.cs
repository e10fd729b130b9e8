using System.Globalization;
using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Golden.Training;

/// <summary>training/quantization: NF4 with its scales, rows of eight bits, half precision, GGUF blocks. Bytes and codes are exact.</summary>
internal sealed class QuantizationReader : CaseReader
{
    public override bool Reads(string file) => file.StartsWith("quantization/", StringComparison.Ordinal);

    public override void Verify(FixtureCase c, Tally tally)
    {
        NativeRuntime.Initialize();
        using var scope = NewDisposeScope();
        switch (Path.GetFileNameWithoutExtension(c.File))
        {
            case "nf4": VerifyNf4(c, tally); break;
            case "half_conversions": VerifyHalf(c, tally); break;
            case "gguf_blocks": VerifyBlocks(c, tally); break;
            case var other: throw new UnsupportedException($"there is no reader for {other}");
        }
    }

    private static void VerifyNf4(FixtureCase c, Tally tally)
    {
        tally.Sequence("code book", c["code"].ToFloats(), Nf4.CodeBook);
        tally.Sequence("dynamic code", c["dynamic_code"].ToFloats(), DynamicCode.Values);
        var tensors = SafeTensors.Read(Path.Combine(c.Folder, "nf4_int8.safetensors"));
        foreach (var matrix in c["tensors"].EnumerateObject())
        {
            string name = matrix.Name;
            Tensor weight = tensors[$"{name}.weight"];
            float[] numbers = [.. weight.data<float>()];
            var (packed, scales) = (new byte[Nf4.PackedBytes(numbers.Length)], new float[Nf4.Blocks(numbers.Length)]);
            Nf4.Quantize(numbers, packed, scales);
            tally.Equal("count of blocks", matrix.Value.GetProperty("blocks").GetInt32(), scales.Length);
            tally.Sequence("packed bytes", tensors[$"{name}.packed"].data<long>(), packed.Select(value => (long)value));
            tally.Sequence("scales", tensors[$"{name}.absmax"].data<float>(), scales);
            var (codes, second) = (new byte[scales.Length], new float[Nf4.ScaleBlocks(scales.Length)]);
            var mean = Nf4.QuantizeScales(scales, codes, second);
            tally.Number("mean of the scales", matrix.Value.GetProperty("offset").GetDouble(), mean, 1e-7);
            tally.Sequence("codes of the scales", tensors[$"{name}.absmax_code"].data<long>(), codes.Select(value => (long)value));
            tally.Numbers("second scales", [.. tensors[$"{name}.absmax_absmax"].data<float>().Select(value => (double)value)], [.. second.Select(value => (double)value)], 1e-7);
            var restored = new float[scales.Length];
            Nf4.DequantizeScales(codes, second, mean, restored);
            tally.Numbers("restored scales", [.. tensors[$"{name}.absmax_restored"].data<float>().Select(value => (double)value)], [.. restored.Select(value => (double)value)], 1e-7);
            var dense = new float[numbers.Length];
            Nf4.Dequantize(packed, scales, dense);
            tally.Sequence("dequantised numbers", tensors[$"{name}.dequantized"].data<float>(), dense);

            tally.Number("error", matrix.Value.GetProperty("rms_error").GetDouble(), Error(weight, tensor(dense, weight.shape)), 1e-5, floor: 0);

            using (var twice = Nf4Weight.Of(weight))
            {
                tally.Tensors("dequantised with quantised scales", tensors[$"{name}.dequantized_double"], twice.Dequantize(), 2e-7);
                tally.Number("error with quantised scales", matrix.Value.GetProperty("rms_error_double").GetDouble(), Error(weight, twice.Dequantize()), 1e-5, floor: 0);
            }
            tally.Tensors("product", tensors[$"{name}.matmul"], Product(weight, tensors[$"{name}.input"]), 1e-5);

            var columns = (int)weight.size(1);
            var (rows, rowScales) = (new sbyte[numbers.Length], new float[weight.size(0)]);
            Int8Rows.Quantize(numbers, columns, rows, rowScales);
            tally.Sequence("rows of eight bits", tensors[$"{name}.int8"].data<long>(), rows.Select(value => (long)value));
            tally.Sequence("scales of rows", tensors[$"{name}.int8_scale"].data<float>(), rowScales);
            Int8Rows.Dequantize(rows, rowScales, columns, dense);
            tally.Sequence("dequantised rows", tensors[$"{name}.int8_dequantized"].data<float>(), dense);
        }
    }

    private static double Error(Tensor weight, Tensor restored) => (weight.to(ScalarType.Float64) - restored.to(ScalarType.Float64)).square().mean().sqrt().item<double>();

    /// <summary>As a layer computes it.</summary>
    private static Tensor Product(Tensor weight, Tensor input)
    {
        using Microsoft.ML.LlmFineTune.Layers.Linear layer = new(weight.size(1), weight.size(0), hasBias: false);
        using (no_grad()) layer.Weight.copy_(weight);
        Microsoft.ML.LlmFineTune.Adapters.ModelQuantization.ToNf4(layer);
        using (no_grad()) return layer.forward(input);
    }

    private static void VerifyHalf(FixtureCase c, Tally tally)
    {
        var bits = uint.Parse(c["float32_bits"].GetString()!, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        Tensor number = tensor([BitConverter.UInt32BitsToSingle(bits)]);
        var narrow = ToBits(number.to(ScalarType.BFloat16));
        var half = ToBits(number.to(ScalarType.Float16));
        var halfOfRuntime = BitConverter.HalfToUInt16Bits((Half)BitConverter.UInt32BitsToSingle(bits));
        if (c["nan"].ValueKind == JsonValueKind.True)
        {
            tally.Equal("bfloat16 is no number", true, (narrow & 0x7F80) == 0x7F80 && (narrow & 0x7F) != 0);
            tally.Equal("float16 is no number", true, (half & 0x7C00) == 0x7C00 && (half & 0x3FF) != 0);
            return;
        }
        tally.Equal("bfloat16", c["bfloat16_bits"].GetString(), narrow.ToString("X4", CultureInfo.InvariantCulture));
        tally.Equal("float16", c["float16_bits"].GetString(), half.ToString("X4", CultureInfo.InvariantCulture));
        foreach (var (key, type) in new[] { ("bfloat16_value", ScalarType.BFloat16), ("float16_value", ScalarType.Float16) })
            if (c[key].IsGiven()) tally.Number(key, c[key].ToDouble(), number.to(type).to(ScalarType.Float64).item<double>(), 1e-7, floor: 0);
        tally.Equal("float16 of scales", c["float16_bits"].GetString(), halfOfRuntime.ToString("X4", CultureInfo.InvariantCulture));

        static ushort ToBits(Tensor value) => BitConverter.ToUInt16(value.bytes);
    }

    private static void VerifyBlocks(FixtureCase c, Tally tally)
    {
        float[] numbers = [.. c["values"].EnumerateArray().SelectMany(JsonReading.ToFloats)];
        var bytes = new byte[numbers.Length / GgufBlocks.Length * GgufBlocks.Bytes8];
        GgufBlocks.Write8(numbers, bytes);
        tally.Equal("q8_0", c["q8_0"].GetString(), Convert.ToHexString(bytes).ToLowerInvariant());
        var read = new float[numbers.Length];
        GgufBlocks.Read8(bytes, read);
        tally.Numbers("values of q8_0", [.. c["q8_0_values"].EnumerateArray().SelectMany(JsonReading.ToDoubles)], [.. read.Select(value => (double)value)], 1e-7);
        bytes = new byte[numbers.Length / GgufBlocks.Length * GgufBlocks.Bytes4];
        GgufBlocks.Write4(numbers, bytes);
        tally.Equal("q4_0", c["q4_0"].GetString(), Convert.ToHexString(bytes).ToLowerInvariant());
        GgufBlocks.Read4(bytes, read);
        tally.Numbers("values of q4_0", [.. c["q4_0_values"].EnumerateArray().SelectMany(JsonReading.ToDoubles)], [.. read.Select(value => (double)value)], 1e-7);
    }
}
