using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Checkpoints;

/// <summary>Tensors of a file into memory of any type and layout, from files and from streams.</summary>
public sealed class ReadIntoTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public ReadIntoTests() => NativeRuntime.Initialize();

    private string FilePath => Path.Combine(_folder, "a.safetensors");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // Sizes: blocks and none, columns beyond one part's rows, rows beyond one part.
    [Theory]
    [InlineData(64, 48)]
    [InlineData(16, 8)]
    [InlineData(17, 5)]
    [InlineData(40, 24)]
    [InlineData(1, 9)]
    [InlineData(9, 1)]
    [InlineData(1600, 192)]
    [InlineData(3, 300_000)]
    [InlineData(300_001, 2)]
    public void A_transposed_destination_of_any_type_gets_the_right_numbers(int rows, int columns)
    {
        foreach (ScalarType file in (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16, ScalarType.Float64])
        {
            // All of them can say these.
            Tensor values = randint(-100, 100, [rows, columns], dtype: ScalarType.Float32).to(file);
            SafeTensors.Write(FilePath, new Dictionary<string, Tensor> { ["a"] = values });
            foreach (ScalarType memory in (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16, ScalarType.Float64])
            {
                Tensor target = zeros([columns, rows], dtype: memory);
                Assert.Empty(SafeTensors.ReadInto(FilePath, _ => target.t()));
                Assert.True(target.t().eq(values.to(memory)).all().item<bool>(), $"{file} to {memory}");
            }
        }
    }

    [Fact]
    public void A_destination_within_other_memory_leaves_the_rest_as_it_was()
    {
        Tensor values = randn(48, 16);
        SafeTensors.Write(FilePath, new Dictionary<string, Tensor> { ["a"] = values });
        foreach (int shift in (int[])[0, 1, 4, 16])
        {
            Tensor memory = zeros(20, 80);
            Tensor target = memory.narrow(0, 2, 16).narrow(1, shift, 48).t();
            SafeTensors.ReadInto(FilePath, _ => target);
            Assert.True(target.eq(values).all().item<bool>());
            Assert.Equal(values.ne(0).sum().item<long>(), memory.ne(0).sum().item<long>());
        }
    }

    [Fact]
    public void Any_order_of_dimensions_will_do()
    {
        Tensor values = arange(0, 2 * 3 * 4 * 5, dtype: ScalarType.Float32).reshape(2, 3, 4, 5);
        SafeTensors.Write(FilePath, new Dictionary<string, Tensor> { ["a"] = values });
        foreach (long[] order in (long[][])[[0, 1, 3, 2], [3, 2, 1, 0], [1, 0, 2, 3], [2, 3, 0, 1]])
        {
            // The destination's own memory is in another order than the file.
            Tensor target = zeros(values.permute(order).shape);
            long[] back = [.. order.Select((_, i) => (long)Array.IndexOf(order, (long)i))];
            SafeTensors.ReadInto(FilePath, _ => target.permute(back));
            Assert.True(target.permute(back).eq(values).all().item<bool>(), string.Join(", ", order));
        }
    }

    [Fact]
    public void Conversions_round_to_the_nearest()
    {
        Tensor values = randn(5000);
        SafeTensors.Write(FilePath, new Dictionary<string, Tensor> { ["a"] = values });
        foreach (ScalarType type in (ScalarType[])[ScalarType.BFloat16, ScalarType.Float16])
        {
            Tensor target = zeros([5000], dtype: type);
            SafeTensors.ReadInto(FilePath, _ => target);
            Assert.True(target.eq(values.to(type)).all().item<bool>());
        }
    }

    [Fact]
    public void A_large_file_is_read_by_several_threads_as_by_one()
    {
        Dictionary<string, Tensor> tensors = new() { ["table"] = randn(9000, 300), ["matrix"] = randn(1024, 3072), ["bias"] = randn(3072), ["one"] = tensor(7f), ["none"] = empty([0, 4]) };
        SafeTensors.Write(FilePath, tensors);
        Dictionary<string, Tensor> read = tensors.ToDictionary(entry => entry.Key, entry => zeros_like(entry.Value));
        read["matrix"] = zeros(3072, 1024).t();
        SafeTensors.ReadInto(FilePath, entry => read[entry.Name]);
        foreach ((string name, Tensor expected) in tensors) Assert.True(read[name].eq(expected).all().item<bool>(), name);
        Assert.All(SafeTensors.Read(FilePath), entry => Assert.True(entry.Value.eq(tensors[entry.Key]).all().item<bool>(), entry.Key));
    }

    [Fact]
    public void A_failing_read_ends_all_threads_and_is_thrown()
    {
        SafeTensors.Write(FilePath, new Dictionary<string, Tensor> { ["a"] = zeros(6_000_000), ["b"] = zeros(10) });
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => SafeTensors.ReadInto(FilePath, entry =>
        {
            // Someone cuts the file after it was opened.
            if (entry.Name == "b") using (FileStream file = new(FilePath, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete)) file.SetLength(12_000_000);
            return empty([.. entry.Shape]);
        }));
        Assert.Contains("it ends within tensor 'a'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reading_allocates_next_to_nothing_that_is_managed()
    {
        SafeTensors.Write(FilePath, new Dictionary<string, Tensor> { ["a"] = zeros(1_500_000), ["b"] = zeros(500, 500) });
        Tensor a = zeros(1_500_000), b = zeros([500, 500], dtype: ScalarType.BFloat16).t();
        long before = GC.GetAllocatedBytesForCurrentThread();
        SafeTensors.ReadInto(FilePath, entry => entry.Name == "a" ? a : b);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 200_000);
    }

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    public void Numbers_that_are_not_finite_are_counted_wherever_they_stand(ScalarType type)
    {
        Tensor clean = ones([1003], dtype: type), bad = ones([1003], dtype: type), matrix = ones([20, 31], dtype: type);
        foreach ((int place, double value) in ((int, double)[])[(0, double.NaN), (501, double.PositiveInfinity), (1002, double.NegativeInfinity)]) bad.narrow(0, place, 1).fill_(value);
        matrix.narrow(0, 19, 1).narrow(1, 30, 1).fill_(double.NaN);
        SafeTensors.Write(FilePath, new Dictionary<string, Tensor> { ["clean"] = clean, ["bad"] = bad, ["matrix"] = matrix });
        foreach (ScalarType memory in (ScalarType[])[type, ScalarType.Float32])
        {
            Tensor[] targets = [zeros([1003], dtype: memory), zeros([1003], dtype: memory), zeros([31, 20], dtype: memory).t()];
            NonFiniteTensor[] expected = [new("bad", 3, 1003), new("matrix", 1, 620)];
            Assert.Equal(expected, SafeTensors.ReadInto(FilePath, entry => targets[entry.Name == "clean" ? 0 : entry.Name == "bad" ? 1 : 2]));
            using FileStream stream = File.OpenRead(FilePath);
            Assert.Equal(expected, SafeTensors.ReadInto(stream, stream.Length, "test", entry => targets[entry.Name == "clean" ? 0 : entry.Name == "bad" ? 1 : 2]));
        }
    }

    [Fact]
    public void Numbers_that_become_infinite_by_conversion_are_counted()
    {
        SafeTensors.Write(FilePath, new Dictionary<string, Tensor> { ["a"] = tensor(new[] { 1f, 70_000f, -1e30f }) });
        NonFiniteTensor found = Assert.Single(SafeTensors.ReadInto(FilePath, _ => zeros([3], dtype: ScalarType.Float16)));
        Assert.Equal("'a' (2 of 3)", found.ToString());
        Assert.Empty(SafeTensors.ReadInto(FilePath, _ => zeros([3], dtype: ScalarType.BFloat16)));
    }

    [Fact]
    public void Whole_numbers_are_converted_and_always_finite()
    {
        SafeTensors.Write(FilePath, new Dictionary<string, Tensor> { ["a"] = tensor(new[] { 0L, -1L, long.MaxValue }) });
        Tensor target = zeros(3);
        Assert.Empty(SafeTensors.ReadInto(FilePath, _ => target));
        Assert.Equal(-1f, target[1].item<float>());
    }

    [Fact]
    public void A_symbolic_link_is_as_good_as_its_file()
    {
        SafeTensors.Write(FilePath, new Dictionary<string, Tensor> { ["a"] = ones(3) });
        string link = Path.Combine(_folder, "link.safetensors");
        File.CreateSymbolicLink(link, "a.safetensors");
        Assert.True(SafeTensors.Read(link)["a"].eq(1).all().item<bool>());
    }
}
