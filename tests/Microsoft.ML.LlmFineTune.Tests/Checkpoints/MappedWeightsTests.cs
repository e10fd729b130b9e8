// The runs take milliseconds: nobody has to cancel them.
#pragma warning disable xUnit1051
using System.Buffers.Binary;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Batches.Rows;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Adapters;
using Microsoft.ML.LlmFineTune.Training;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Checkpoints;

/// <summary>Weights that stay in their files: the same model, files that nothing changes, and no file held longer than its model.</summary>
public sealed class MappedWeightsTests : IDisposable
{
    private static readonly TrainingOptions Training = new() { Epochs = 2, Optimizer = new AdamWOptions { LearningRate = 0.01 }, Schedule = new ConstantSchedule(), Device = ComputeDevice.Cpu };

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public MappedWeightsTests() => NativeRuntime.Initialize();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string[] WeightFiles => [.. Directory.GetFiles(_folder, "*.safetensors").Order(StringComparer.Ordinal)];

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(2000)]
    public void The_files_are_mapped_until_the_model_is_disposed(long shardBytes)
    {
        SaveLlama(shardBytes);
        using DecoderModel copied = HuggingFaceFolder.LoadDecoder(_folder);
        Assert.Empty(MappedFiles.Of(_folder));
        using (DecoderModel mapped = HuggingFaceFolder.LoadDecoder(_folder, loading: WeightLoading.Mapped))
        {
            Assert.Empty(mapped.LoadWarnings);
            Assert.Equal(MappedFiles.Where(WeightFiles), MappedFiles.Of(_folder));
            AssertEqual(copied, mapped);
            Assert.All(mapped.parameters(), parameter => Assert.True(parameter.requires_grad && parameter.is_leaf));
            Assert.Equal(Answers(copied), Answers(mapped));
        }
        Assert.Empty(MappedFiles.Of(_folder));
    }

    [Fact]
    public void What_the_model_has_otherwise_than_the_file_is_copied_and_said()
    {
        SaveLlama();
        using (DecoderModel halved = HuggingFaceFolder.LoadDecoder(_folder, dtype: ScalarType.BFloat16, loading: WeightLoading.Mapped))
        {
            string warning = Assert.Single(halved.LoadWarnings);
            Assert.Contains($"'{_folder}' was to be mapped into memory, but ", warning, StringComparison.Ordinal);
            Assert.Contains("the file has F32, the model BFloat16", warning, StringComparison.Ordinal);
            Assert.Empty(MappedFiles.Of(_folder));
            HuggingFaceFolder.Save(_folder, halved);
        }
        using DecoderModel half = HuggingFaceFolder.LoadDecoder(_folder, dtype: ScalarType.BFloat16), same = HuggingFaceFolder.LoadDecoder(_folder, dtype: ScalarType.BFloat16, loading: WeightLoading.Mapped);
        Assert.Empty(same.LoadWarnings);
        Assert.Equal(MappedFiles.Where(WeightFiles), MappedFiles.Of(_folder));
        AssertEqual(half, same);
    }

    [Fact]
    public void Matrices_that_the_file_has_turned_are_copied_and_their_neighbours_mapped()
    {
        using (DecoderModel model = Adapted.Model(Adapted.Gpt2)) HuggingFaceFolder.Save(_folder, model);
        using DecoderModel copied = HuggingFaceFolder.LoadDecoder(_folder), mapped = HuggingFaceFolder.LoadDecoder(_folder, loading: WeightLoading.Mapped);
        Assert.Contains("bytes had to be copied", Assert.Single(mapped.LoadWarnings), StringComparison.Ordinal);
        Assert.Equal(MappedFiles.Where(WeightFiles), MappedFiles.Of(_folder));
        AssertEqual(copied, mapped);
        Assert.Equal(Answers(copied), Answers(mapped));
    }

    [Theory]
    [InlineData(1, ScalarType.Float32, false)]
    [InlineData(2, ScalarType.Float32, false)]
    [InlineData(4, ScalarType.Float32, true)]
    [InlineData(1, ScalarType.BFloat16, false)]
    [InlineData(2, ScalarType.BFloat16, true)]
    public void A_header_after_which_no_whole_elements_begin_leads_to_copies(int spaces, ScalarType type, bool isMapped)
    {
        using (DecoderModel model = Adapted.Model(Adapted.Llama)) HuggingFaceFolder.Save(_folder, model.to(type));
        string path = Assert.Single(WeightFiles);
        byte[] file = File.ReadAllBytes(path), prefix = new byte[8];
        int header = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        BinaryPrimitives.WriteInt64LittleEndian(prefix, header + spaces);
        File.WriteAllBytes(path, [.. prefix, .. file[8..(8 + header)], .. Enumerable.Repeat((byte)' ', spaces), .. file[(8 + header)..]]);
        using DecoderModel copied = HuggingFaceFolder.LoadDecoder(_folder, dtype: type), mapped = HuggingFaceFolder.LoadDecoder(_folder, dtype: type, loading: WeightLoading.Mapped);
        AssertEqual(copied, mapped);
        Assert.Equal(isMapped, mapped.LoadWarnings.Count == 0);
        Assert.Equal(MappedFiles.Where(isMapped ? [path] : []), MappedFiles.Of(_folder));
    }

    [Theory]
    [InlineData(null, 1)]
    [InlineData(null, 2)]
    [InlineData(TrainingPrecision.BFloat16, 2)]
    public void Training_gives_the_same_weights_changes_no_file_and_lets_it_go(TrainingPrecision? precision, int replicas)
    {
        SaveLlama();
        byte[] before = File.ReadAllBytes(WeightFiles[0]);
        using DecoderModel copied = HuggingFaceFolder.LoadDecoder(_folder), mapped = HuggingFaceFolder.LoadDecoder(_folder, loading: WeightLoading.Mapped), untrained = HuggingFaceFolder.LoadDecoder(_folder);
        foreach (DecoderModel model in (DecoderModel[])[copied, mapped]) Train(model, Training with { Precision = precision, Replicas = replicas });
        AssertEqual(copied, mapped);
        Assert.NotEqual(Bytes(untrained.parameters().First()), Bytes(mapped.parameters().First()));
        Assert.Equal(before, File.ReadAllBytes(WeightFiles[0]));
        // All of it lies in the block that was trained.
        Assert.Empty(MappedFiles.Of(_folder));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_adapter_on_a_mapped_base_is_the_one_on_a_copied_base_and_merges_into_memory_alone(bool isInFourBits)
    {
        SaveLlama();
        byte[] before = File.ReadAllBytes(WeightFiles[0]);
        using DecoderModel copied = HuggingFaceFolder.LoadDecoder(_folder), mapped = HuggingFaceFolder.LoadDecoder(_folder, loading: WeightLoading.Mapped);
        foreach (DecoderModel model in (DecoderModel[])[copied, mapped])
        {
            if (isInFourBits) ModelQuantization.ToNf4(model);
            ModelAdapters.Attach(model, new LoraOptions { Targets = ModuleSelection.AllLinear });
            Train(model, Training with { Replicas = 2 });
            if (!isInFourBits) ModelAdapters.Of(model)!.MergeAndRemove();
        }
        AssertEqual(copied, mapped);
        Assert.Equal(Answers(copied), Answers(mapped));
        Assert.Equal(before, File.ReadAllBytes(WeightFiles[0]));
        // The base was not trained, so the embedding at least is still where it was.
        Assert.Equal(MappedFiles.Where(WeightFiles), MappedFiles.Of(_folder));
    }

    [Fact]
    public void What_is_written_by_hand_stays_in_the_process()
    {
        SaveLlama();
        byte[] before = File.ReadAllBytes(WeightFiles[0]);
        using DecoderModel first = HuggingFaceFolder.LoadDecoder(_folder, loading: WeightLoading.Mapped), second = HuggingFaceFolder.LoadDecoder(_folder, loading: WeightLoading.Mapped), copied = HuggingFaceFolder.LoadDecoder(_folder);
        using (no_grad())
        {
            foreach (Parameter parameter in first.parameters()) parameter.add_(1);
        }
        AssertEqual(copied, second);
        Assert.NotEqual(Bytes(first.parameters().First()), Bytes(second.parameters().First()));
        Assert.Equal(before, File.ReadAllBytes(WeightFiles[0]));
    }

    [Fact]
    public void A_conversion_leaves_the_file()
    {
        SaveLlama();
        using DecoderModel copied = HuggingFaceFolder.LoadDecoder(_folder), mapped = HuggingFaceFolder.LoadDecoder(_folder, loading: WeightLoading.Mapped);
        foreach (DecoderModel model in (DecoderModel[])[copied, mapped]) model.to(ScalarType.BFloat16);
        AssertEqual(copied, mapped);
        Assert.Empty(MappedFiles.Of(_folder));
    }

    [Theory]
    [InlineData(long.MaxValue, long.MaxValue)]
    [InlineData(long.MaxValue, 2000)]
    [InlineData(2000, long.MaxValue)]
    [InlineData(2000, 2000)]
    public void A_model_is_saved_over_the_files_that_it_is_mapped_from(long firstShards, long secondShards)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows refuses it.");
        SaveLlama(firstShards);
        using DecoderModel copied = HuggingFaceFolder.LoadDecoder(_folder);
        using (DecoderModel mapped = HuggingFaceFolder.LoadDecoder(_folder, loading: WeightLoading.Mapped))
        {
            using (no_grad())
            {
                // Some pages are the process's own now, others still the old file's.
                foreach (DecoderModel model in (DecoderModel[])[copied, mapped]) model.parameters().Last().mul_(2);
            }
            HuggingFaceFolder.Save(_folder, mapped, maximumShardBytes: secondShards);
            AssertEqual(copied, mapped);
            using DecoderModel read = HuggingFaceFolder.LoadDecoder(_folder), again = HuggingFaceFolder.LoadDecoder(_folder, loading: WeightLoading.Mapped);
            AssertEqual(copied, read);
            AssertEqual(copied, again);
        }
        Assert.Empty(MappedFiles.Of(_folder));
    }

    [Fact]
    public void Weights_that_are_not_finite_are_warned_of()
    {
        using (DecoderModel model = Adapted.Model(Adapted.Llama))
        {
            using (no_grad())
            {
                using Tensor last = model.parameters().Last().detach();
                last.view(-1).narrow(0, 0, 3).fill_(float.NaN);
            }
            HuggingFaceFolder.Save(_folder, model);
        }
        using DecoderModel copied = HuggingFaceFolder.LoadDecoder(_folder), mapped = HuggingFaceFolder.LoadDecoder(_folder, loading: WeightLoading.Mapped);
        Assert.Contains(" (3 of ", Assert.Single(mapped.LoadWarnings), StringComparison.Ordinal);
        Assert.Equal(copied.LoadWarnings, mapped.LoadWarnings);
    }

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    public void They_are_counted_wherever_they_stand(ScalarType type)
    {
        // Several threads; the first, last and middle number of what one of them reads at a time, and of the tensor.
        long elements = (33L << 20) / 4, piece = (1 << 19) / SafeTensorsTypes.BytesOf(type);
        long[] places = [0, 1, 127, piece - 1, piece, piece + 7, (3 * piece) - 1, elements / 2, elements - 1];
        string path = Path.Combine(_folder, "model.safetensors");
        using IDisposable scope = NewDisposeScope();
        Tensor bad = ones(elements, dtype: type), good = full(1001, type == ScalarType.Float16 ? 65504 : type == ScalarType.Float64 ? 1.7e308 : 3.3e38, dtype: type);
        foreach (long place in places) bad.narrow(0, place, 1).fill_(place % 3 == 0 ? double.NaN : place % 3 == 1 ? double.PositiveInfinity : double.NegativeInfinity);
        SafeTensors.Write(path, new Dictionary<string, Tensor> { ["good"] = good.neg(), ["bad"] = bad });
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        using MappedFile mapped = new(file);
        TensorTarget[] targets = [.. file.Header.Entries.Select(entry => new TensorTarget(entry, mapped.View(entry), isMapped: true))];
        file.Fill(targets);
        Assert.Equal([new NonFiniteTensor("bad", places.Length, elements)], NonFiniteTensor.Of(targets));
        Assert.True(Bytes(bad).AsSpan().SequenceEqual(Bytes(targets.Single(target => target.Entry.Name == "bad").Destination)));
    }

    [Fact]
    public void A_file_that_is_cut_while_it_is_loaded_is_an_error_and_not_the_end()
    {
        string path = Path.Combine(_folder, "model.safetensors");
        using (Tensor zero = zeros(6_000_000)) SafeTensors.Write(path, new Dictionary<string, Tensor> { ["a"] = zero });
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        using MappedFile mapped = new(file);
        using Tensor view = mapped.View(file.Header.Entries[0]);
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows doesn't let it.");
        using (FileStream other = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete)) other.SetLength(12_000_000);
        string message = Assert.Throws<InvalidDataException>(() => file.Fill([new TensorTarget(file.Header.Entries[0], view, isMapped: true)])).Message;
        Assert.Contains("it ends within tensor 'a'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_took_the_place_of_the_one_that_was_checked_is_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows doesn't let it.");
        SaveLlama();
        string path = Assert.Single(WeightFiles);
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        File.WriteAllBytes(path + ".new", new byte[2 * new FileInfo(path).Length]);
        File.Move(path + ".new", path, overwrite: true);
        using MappedFile mapped = new(file);
        SafeTensorsEntry entry = file.Header.Entries[0];
        Assert.True(mapped.Holds(entry));
        Assert.Contains($"Another file took the place of '{path}'", Assert.Throws<IOException>(() => mapped.View(entry)).Message, StringComparison.Ordinal);

        File.Delete(path);
        string message = Assert.Throws<IOException>(() => mapped.View(entry)).Message;
        Assert.Contains($"'{path}' could not be mapped into memory (", message, StringComparison.Ordinal);
        Assert.EndsWith("Read it with WeightLoading.Copied.", message, StringComparison.Ordinal);
        Assert.Empty(MappedFiles.Of(_folder));
    }

    private void SaveLlama(long shardBytes = long.MaxValue)
    {
        using DecoderModel model = Adapted.Model(Adapted.Llama);
        HuggingFaceFolder.Save(_folder, model, maximumShardBytes: shardBytes);
    }

    private static void Train(DecoderModel model, TrainingOptions options)
    {
        RandomStream random = new(5);
        TokenRow[] rows = [.. Enumerable.Range(0, 8).Select(i => CompletionRows.Of([.. Enumerable.Range(0, 3 + (i % 4)).Select(_ => 1 + random.NextInt32(19))]))];
        new Trainer(model, new NextTokenObjective(), options).Train(new OneBatch(PaddedRows.Of(rows, 0)));
    }

    private static float[] Answers(DecoderModel model)
    {
        using IDisposable scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        model.eval();
        return model.Logits(model.Forward(arange(1, 9, dtype: ScalarType.Int64).view(2, 4))).data<float>().ToArray();
    }

    private static void AssertEqual(DecoderModel expected, DecoderModel actual)
    {
        (string Name, Tensor Value)[] wanted = All(expected), given = All(actual);
        Assert.Equal(wanted.Select(tensor => tensor.Name), given.Select(tensor => tensor.Name));
        foreach (((string name, Tensor one), (_, Tensor other)) in wanted.Zip(given))
        {
            Assert.Equal((name, one.dtype), (name, other.dtype));
            Assert.True(Bytes(one).AsSpan().SequenceEqual(Bytes(other)), name);
        }

        static (string, Tensor)[] All(nn.Module model) => [.. model.named_parameters().Select(named => (named.name, (Tensor)named.parameter)), .. model.named_buffers().Select(named => (named.name, named.buffer))];
    }

    private static byte[] Bytes(Tensor tensor)
    {
        // A view that the collector has not found yet would hold the file.
        using IDisposable scope = NewDisposeScope();
        return tensor.detach().contiguous().bytes.ToArray();
    }

    private sealed class OneBatch(TokenBatch batch) : IBatchSource
    {
        public int CountBatches(int epoch) => 1;

        public IEnumerable<TokenBatch> Epoch(int epoch) => [batch];
    }
}
