using System.Buffers.Binary;
using System.Text;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Checkpoints;

public sealed class SafeTensorsTests
{
    public SafeTensorsTests() => NativeRuntime.Initialize();

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Int32)]
    [InlineData(ScalarType.Int16)]
    [InlineData(ScalarType.Int8)]
    [InlineData(ScalarType.Byte)]
    [InlineData(ScalarType.Bool)]
    public void EveryTypeComesBack(ScalarType type)
    {
        Tensor values = arange(0, 24).reshape(2, 3, 4).to(type);
        using MemoryStream stream = new();
        SafeTensors.Write(stream, new Dictionary<string, Tensor> { ["values"] = values, ["one"] = tensor(1L).to(type), ["none"] = empty([0, 3], dtype: type) });
        stream.Position = 0;
        IReadOnlyDictionary<string, Tensor> read = SafeTensors.Read(stream, stream.Length, "test");
        Assert.Equal(type, read["values"].dtype);
        Assert.True(read["values"].eq(values).all().item<bool>());
        Assert.Empty(read["one"].shape);
        Assert.Equal([0, 3], read["none"].shape);
    }

    [Fact]
    public void LayoutIsTheFormats()
    {
        using MemoryStream stream = new();
        SafeTensors.Write(stream, new Dictionary<string, Tensor> { ["a"] = tensor(new[] { 1f, -2f }) });
        byte[] file = stream.ToArray();
        int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        Assert.Equal(0, (8 + length) % 8);
        Assert.Equal("""{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", Encoding.UTF8.GetString(file, 8, length).TrimEnd(' '));
        Assert.Equal(1f, BitConverter.ToSingle(file, 8 + length));
        Assert.Equal(-2f, BitConverter.ToSingle(file, 12 + length));
    }

    [Fact]
    public void ViewsAreWrittenInTheirOwnOrderAndReadIntoViews()
    {
        Tensor matrix = arange(0, 6, dtype: ScalarType.Float32).reshape(2, 3);
        using MemoryStream stream = new();
        SafeTensors.Write(stream, new Dictionary<string, Tensor> { ["t"] = matrix.t() });
        stream.Position = 0;
        Tensor target = zeros([2, 3], dtype: ScalarType.Float64);
        SafeTensors.ReadInto(stream, stream.Length, "test", entry => target.t());
        Assert.True(target.eq(matrix).all().item<bool>());
    }

    [Fact]
    public void TensorsLargerThanAPieceComeBack()
    {
        Tensor values = arange(0, 600_001, dtype: ScalarType.Float32);
        using MemoryStream stream = new();
        SafeTensors.Write(stream, new Dictionary<string, Tensor> { ["skipped"] = values, ["values"] = values });
        stream.Position = 0;
        Tensor target = zeros_like(values);
        SafeTensors.ReadInto(stream, null, "test", entry => entry.Name == "values" ? target : null);
        Assert.True(target.eq(values).all().item<bool>());
    }

    public static TheoryData<string, string> Damages => new()
    {
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}""", "JSON" },
        { """[1]""", "JSON" },
        { """{"a":{"dtype":"F32","shape":[2]}}""", "JSON" },
        { """{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "needs 12 bytes" },
        { """{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "impossible" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "impossible" },
        { """{"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,8]}}""", "needs" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "begins at byte 4 where 0" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "begins at byte 4 where 8" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "describes 4 bytes of tensors, but 8 are there" },
        { """{"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}""", "describes 4000000000000 bytes of tensors, but 8 are there" },
        { """{"a":{"dtype":"F32","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}}""", "more than 2^63" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}""", "impossible" },
        { """{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}""", "JSON" },
        { """{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8]}}""", "JSON" },
        { """{"a":{"dtype":"F32","shape":"2","data_offsets":[0,8]}}""", "JSON" },
        { """{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]}}""", "65 dimensions" },
        { """{"a":{"dtype":"float32","shape":[2],"data_offsets":[0,8]}}""", "'float32', which the format does not know" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "uplicate" },
        { """{"a":{"dtype":"F32","dtype":"I32","shape":[2],"data_offsets":[0,8]}}""", "uplicate" },
        { """{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "JSON" },
        { """{"__metadata__":{"format":1},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "JSON" },
        { "{\"a\":" + new string('[', 200) + new string(']', 200) + "}", "JSON" },
    };

    [Fact]
    public void AFaultOfALongHeaderIsNamedByItsPlaceAndNotByAllThatFollows()
    {
        string header = $"{{\"a\":{{\"dtype\":\"F32\",\"shape\":[t],\"data_offsets\":[0,8]}}{new string(' ', 100_000)}}}";
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => SafeTensors.Read(new MemoryStream(FileOf((ulong)header.Length, header)), header.Length + 16, "the file"));
        Assert.Contains("(line 1, byte 31: 't]", error.Message, StringComparison.Ordinal);
        Assert.InRange(error.Message.Length, 100, 500);
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public void DamagedHeadersAreRefused(string header, string reason)
    {
        byte[] file = FileOf((ulong)Encoding.UTF8.GetByteCount(header), header);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => SafeTensors.Read(new MemoryStream(file), file.Length, "the file"));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Contains("the file", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("F8_E4M3")]
    [InlineData("F8_E5M2")]
    [InlineData("F4")]
    [InlineData("U64")]
    [InlineData("C64")]
    public void Types_of_the_format_that_are_not_computed_with_are_refused_by_name(string type)
    {
        string header = $$$"""{"layer.weight":{"dtype":"{{{type}}}","shape":[1],"data_offsets":[0,8]}}""";
        byte[] file = FileOf((ulong)header.Length, header);
        NotSupportedException error = Assert.Throws<NotSupportedException>(() => SafeTensors.Read(new MemoryStream(file), file.Length, "the file"));
        Assert.Contains($"'the file': tensor 'layer.weight' has elements of type {type}", error.Message, StringComparison.Ordinal);
        Assert.Contains("F32", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_header_that_is_not_utf8_is_refused()
    {
        const string Header = """{"a?":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""";
        byte[] file = FileOf((ulong)Header.Length, Header);
        file[8 + 3] = 0xFF;
        Assert.Contains("UTF-8", Assert.Throws<InvalidDataException>(() => SafeTensors.Read(new MemoryStream(file), file.Length, "the file")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("F64", 8)]
    [InlineData("F32", 4)]
    [InlineData("F16", 2)]
    [InlineData("BF16", 2)]
    [InlineData("I64", 8)]
    [InlineData("I32", 4)]
    [InlineData("I16", 2)]
    [InlineData("I8", 1)]
    [InlineData("U8", 1)]
    [InlineData("BOOL", 1)]
    public void Every_bit_comes_back(string type, int bytes)
    {
        // Any bits: NaN with payloads, denormals, negative zero.
        byte[] data = new byte[240];
        new Random(3).NextBytes(data);
        if (type == "BOOL") for (int i = 0; i < data.Length; i++) data[i] &= 1;
        string header = $$$"""{"a":{"dtype":"{{{type}}}","shape":[{{{120 / bytes}}},2],"data_offsets":[0,240]}}""";
        byte[] prefix = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, header.Length);
        byte[] file = [.. prefix, .. Encoding.UTF8.GetBytes(header), .. data];
        using MemoryStream written = new();
        SafeTensors.Write(written, SafeTensors.Read(new MemoryStream(file), file.Length, "the file"));
        Assert.Equal(data, written.ToArray()[^240..]);
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 40)]
    [InlineData(99_999_999UL)]
    [InlineData(0UL)]
    public void AFalseHeaderLengthIsRefusedWithoutAllocation(ulong claim)
    {
        byte[] file = FileOf(claim, "{}");
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<InvalidDataException>(() => SafeTensors.Read(new MemoryStream(file), file.Length, "the file"));
        Assert.Throws<InvalidDataException>(() => SafeTensorsHeader.Read(new MemoryStream(file), null, "the file"));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 2_000_000);
    }

    [Fact]
    public void ACutFileIsRefusedWhereverItEnds()
    {
        using MemoryStream stream = new();
        SafeTensors.Write(stream, new Dictionary<string, Tensor> { ["a"] = ones(5), ["b"] = ones(7) });
        byte[] whole = stream.ToArray();
        for (int length = 0; length < whole.Length; length++)
        {
            byte[] cut = whole[..length];
            Assert.Throws<InvalidDataException>(() => SafeTensors.Read(new MemoryStream(cut), cut.Length, "the file"));
            Assert.Throws<InvalidDataException>(() => SafeTensors.ReadInto(new MemoryStream(cut), null, "the file", entry => empty([.. entry.Shape])));
        }
    }

    [Fact]
    public void AFailureWhileWritingLeavesTheOldFile()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string path = Path.Combine(folder, "weights.safetensors");
            SafeTensors.Write(path, new Dictionary<string, Tensor> { ["a"] = ones(3) });
            byte[] old = File.ReadAllBytes(path);
            IOException error = Assert.Throws<IOException>(() => AtomicFile.Write(path, stream =>
            {
                stream.Write(new byte[100]);
                throw new IOException("No space left on device.");
            }));
            Assert.Contains("No space left on device", error.Message, StringComparison.Ordinal);
            Assert.Equal(old, File.ReadAllBytes(path));
            Assert.Equal([path], Directory.GetFiles(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static byte[] FileOf(ulong headerLength, string header)
    {
        byte[] text = Encoding.UTF8.GetBytes(header);
        byte[] file = new byte[8 + text.Length + 8];
        BinaryPrimitives.WriteUInt64LittleEndian(file, headerLength);
        text.CopyTo(file, 8);
        return file;
    }
}
