using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Bart;
using Microsoft.ML.LlmFineTune.Models.T5;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using Parameter = TorchSharp.Modules.Parameter;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

/// <summary>What all encoder-decoders promise: T5, BART and Marian, on tiny checkpoints with the reference's numbers and on fresh models.</summary>
public sealed class EncoderDecoderTests
{
    private static readonly T5Config T5 = new()
    {
        VocabularySize = 29, Width = 16, HeadSize = 6, Heads = 4, InnerWidth = 20, EncoderLayers = 3, DecoderLayers = 2, PositionBuckets = 8, MaximumDistance = 12, Activation = "silu", IsGated = true,
        TieEmbeddings = false, ScaleDecoderOutputs = false,
    };

    private static readonly BartConfig Bart = new()
    {
        VocabularySize = 29, MaximumLength = 14, Width = 16, EncoderLayers = 2, EncoderHeads = 2, EncoderInnerWidth = 20, DecoderLayers = 3, DecoderHeads = 4, DecoderInnerWidth = 24, InitializerRange = 0.3, AttentionDropout = 0.1,
        ActivationDropout = 0.1,
    };

    private static readonly MarianConfig Marian = new()
    {
        VocabularySize = 29, DecoderVocabularySize = 31, ShareEmbeddings = false, Padding = 28, DecoderStart = 28, MaximumLength = 14, Width = 18, EncoderLayers = 2, EncoderHeads = 3, EncoderInnerWidth = 20, DecoderLayers = 2,
        DecoderHeads = 2, DecoderInnerWidth = 24, Activation = "swish", ScaleEmbedding = true, InitializerRange = 0.3,
    };

    public EncoderDecoderTests() => NativeRuntime.Initialize();

    public static TheoryData<string> Checkpoints => new("t5/v1_0", "bart/lm", "marian/mt");

    public static TheoryData<string> Families => new("t5", "bart", "marian");

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public void Numbers_are_those_of_the_reference(string path)
    {
        GoldenModel golden = GoldenModel.Of(path);
        using EncoderDecoderModel model = HuggingFaceFolder.LoadEncoderDecoder(golden.Folder);
        using IDisposable withoutGradients = no_grad();
        Tensor memory = model.Encode(golden.Inputs["input_ids"], golden.Mask);
        GoldenModel.AssertClose("memory", golden.Expected["encoder_last_hidden_state"], memory, 1e-5, golden.Mask);
        Tensor targets = model.ShiftRight(golden.Inputs["labels"]);
        Assert.True(targets.eq(golden.Inputs["decoder_input_ids"]).all().item<bool>());
        GoldenModel.AssertClose("logits", golden.Expected["logits"], model.Logits(model.Decode(targets, memory, golden.Mask)), 2e-5);
        // The reference counts Marian's computed positions, too.
        long computed = model.Config is MarianConfig marian ? 2L * marian.MaximumLength * marian.Width : 0;
        Assert.Equal((long)golden.Numbers["parameters_total"]!, model.ParameterCount + computed);
    }

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public void Greedy_texts_are_the_same_with_a_cache_without_one_and_alone(string path)
    {
        GoldenModel golden = GoldenModel.Of(path);
        using EncoderDecoderModel model = HuggingFaceFolder.LoadEncoderDecoder(golden.Folder);
        Tensor tokens = golden.Inputs["input_ids"], mask = golden.Mask;
        long[][] expected = [.. golden.Numbers["generation"]!.AsArray().Single(record => (string)record!["name"]! == "greedy_no_eos")!["sequences"]!.AsArray().Select(row => row!.AsArray().Select(id => (long)id!).ToArray())];
        Assert.Equal(expected, Greedy(model, tokens, mask, 20, useCache: true));
        Assert.Equal(expected, Greedy(model, tokens, mask, 20, useCache: false));
        for (int row = 0; row < expected.Length; row++)
        {
            long length = mask[row].sum().item<long>();
            Assert.Equal(expected[row], Assert.Single(Greedy(model, tokens.narrow(0, row, 1).narrow(1, 0, length), null, 20, useCache: true)));
        }
    }

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public void A_checkpoint_is_written_as_it_was_read(string path)
    {
        GoldenModel golden = GoldenModel.Of(path);
        using EncoderDecoderModel model = HuggingFaceFolder.LoadEncoderDecoder(golden.Folder);
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            HuggingFaceFolder.Save(folder, model);
            IReadOnlyDictionary<string, Tensor> expected = SafeTensors.Read(Path.Combine(golden.Folder, "model.safetensors")), actual = SafeTensors.Read(Path.Combine(folder, "model.safetensors"));
            Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
            foreach ((string name, Tensor tensor) in expected) GoldenModel.AssertClose(name, tensor, actual[name], 0);
            ModelConfig again = HuggingFaceFolder.ReadConfig(folder);
            Assert.Equal(model.Config.ToJson(ModelHead.SequenceToSequence).ToJsonString(), again.ToJson(ModelHead.SequenceToSequence).ToJsonString());
            Assert.Empty(again.UnknownKeys);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_weight_has_a_name_and_every_name_a_weight(string family)
    {
        using EncoderDecoderModel model = New(family);
        List<string> stored = [.. model.named_parameters().Select(entry => entry.name), .. model.named_buffers().Select(entry => entry.name)];
        Assert.Equal(stored.Order(), model.WeightNames.Select(name => name.Parameter).Order());
        Assert.All(model.WeightNames, name => Assert.Equal(name.File, model.CanonicalName(name.File)));
        Assert.Equal(model.ParameterCount, model.Config.CountParameters());
    }

    [Fact]
    public void Matrices_are_counted_without_being_made()
    {
        // Vectors are left out of the count, so it is a little less.
        foreach (ModelConfig config in (ModelConfig[])[T5Presets.T5Small, T5Presets.FlanT5Base, T5Presets.T5Small with { HasDecoder = false }, BartPresets.BartBase, BartPresets.BartBase with { TieEmbeddings = false }, BartPresets.OpusMt(50000), BartPresets.OpusMt(50000) with { ShareEmbeddings = false }])
            Assert.InRange(config.MatrixNumbers / config.CountParameters(), 0.997, 1);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Reading_piece_by_piece_with_a_cache_gives_the_same(string family)
    {
        using EncoderDecoderModel model = New(family);
        model.eval();
        using IDisposable withoutGradients = no_grad();
        Tensor source = Tokens(3, 6), target = Tokens(3, 10), sourceMask = Staggered(3, 6);
        Tensor targetMask = tensor([.. Enumerable.Range(0, 30).Select(i => i % 10 >= i / 10)], [3, 10]);   // 0, 1, 2 columns of padding on the left
        Tensor memory = model.Encode(source, sourceMask);
        foreach (Tensor? mask in (Tensor?[])[null, targetMask])
        {
            Tensor whole = model.Decode(target, memory, sourceMask, mask: mask);
            using DecoderCache cache = model.CreateCache(3, 10);
            for (long start = 0; start < 10; start += 4)
            {
                long count = Math.Min(4, 10 - start);
                Tensor part = model.Decode(target.narrow(1, start, count), memory, sourceMask, cache, mask?.narrow(1, 0, start + count));
                GoldenModel.AssertClose($"from {start}", whole.narrow(1, start, count), part, 5e-6, mask?.narrow(1, start, count));
            }
            Assert.Equal((10, 10), (cache.Length, cache.Capacity));
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_cache_follows_its_rows_and_forgets_the_target_alone(string family)
    {
        using EncoderDecoderModel model = New(family);
        model.eval();
        using IDisposable withoutGradients = no_grad();
        Tensor source = Tokens(3, 6), target = Tokens(3, 6), sourceMask = Staggered(3, 6), memory = model.Encode(source, sourceMask);
        using DecoderCache cache = model.CreateCache(3, 8);
        model.Decode(target.narrow(1, 0, 5), memory, sourceMask, cache);
        cache.CutBack(3);
        cache.Keep([2, 0, 2, 1]);
        Assert.Equal((4, 3, true), (cache.Batch, cache.Length, cache.CanCutBack));
        Tensor rows = tensor(new long[] { 2, 0, 2, 1 });
        (Tensor kept, Tensor keptMask, Tensor keptTarget) = (memory.index_select(0, rows), sourceMask.index_select(0, rows), target.index_select(0, rows));
        // The memory's keys and values are the stored ones: its numbers do not count any more.
        Tensor next = model.Decode(keptTarget.narrow(1, 3, 2), zeros_like(kept), keptMask, cache);
        GoldenModel.AssertClose("rows", model.Decode(keptTarget, kept, keptMask).narrow(1, 3, 2), next, 5e-6);

        // Rows of one source change places without their memory being moved.
        cache.Keep([2, 1, 0, 3]);
        Tensor last = model.Decode(keptTarget.narrow(1, 5, 1), kept, keptMask, cache);
        GoldenModel.AssertClose("rows of one source", model.Decode(keptTarget, kept, keptMask).narrow(1, 5, 1), last, 5e-6);

        cache.Clear();
        Tensor shorter = memory.index_select(0, rows).narrow(1, 0, 2);
        GoldenModel.AssertClose("another source", model.Decode(keptTarget, shorter), model.Decode(keptTarget, shorter, cache: cache), 5e-6);
        Assert.Contains("keeps a memory of 2 positions; received one of 6. Call Clear", Assert.Throws<ArgumentException>(() => model.Decode(keptTarget.narrow(1, 0, 1), kept, null, cache)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_source_means_the_same_alone_and_padded_on_either_side(string family)
    {
        using EncoderDecoderModel model = New(family);
        model.eval();
        using IDisposable withoutGradients = no_grad();
        Tensor source = Tokens(1, 5), filler = ones([1, 3], dtype: ScalarType.Int64), target = Tokens(1, 4);
        Tensor real = ones([1, 5], dtype: ScalarType.Bool), padding = zeros([1, 3], dtype: ScalarType.Bool);
        Tensor expected = model.Decode(target, model.Encode(source));
        foreach ((Tensor tokens, Tensor mask) in ((Tensor, Tensor)[])[(cat([source, filler], 1), cat([real, padding], 1)), (cat([filler, source], 1), cat([padding, real], 1))])
            GoldenModel.AssertClose("padded", expected, model.Decode(target, model.Encode(tokens, mask), mask), 5e-6);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Dropout_obeys_its_stream_and_the_mode(string family)
    {
        using EncoderDecoderModel model = New(family);
        model.train();
        Tensor first = Run(11), again = Run(11), other = Run(12);
        Assert.True(first.eq(again).all().item<bool>());
        Assert.False(first.eq(other).all().item<bool>());
        model.eval();
        Assert.True(Run(11).eq(Run(12)).all().item<bool>());

        Tensor Run(ulong seed)
        {
            ((IReplicable)model).Reseed(new RandomStream(seed));
            return model.Decode(Tokens(2, 4), model.Encode(Tokens(2, 6)));
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_replica_has_the_same_shape_and_shares_its_weights(string family)
    {
        using EncoderDecoderModel model = New(family);
        model.eval();
        using var replica = (EncoderDecoderModel)model.CreateLike();
        using FlatParameters flat = FlatParameters.Adopt(model), other = flat.ShareWith(replica);
        Assert.False(replica.training);
        using IDisposable withoutGradients = no_grad();
        Tensor tokens = Tokens(2, 5), memory = model.Encode(tokens);
        Assert.True(model.Logits(model.Decode(tokens, memory)).eq(replica.Logits(replica.Decode(tokens, replica.Encode(tokens)))).all().item<bool>());
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_step_in_a_scope_leaves_no_tensor_behind(string family)
    {
        using EncoderDecoderModel model = New(family);
        Step();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Step();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Step()
        {
            using IDisposable scope = NewDisposeScope();
            Tensor tokens = Tokens(3, 5), mask = Staggered(3, 5);
            model.train();
            model.Logits(model.Decode(tokens, model.Encode(tokens, mask), mask)).sum().backward();
            model.zero_grad();
            model.eval();
            using IDisposable withoutGradients = no_grad();
            using DecoderCache cache = model.CreateCache(3, 4);
            model.Decode(tokens.narrow(1, 0, 2), model.Encode(tokens, mask), mask, cache);
            cache.Keep([1]);
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Weights_of_half_the_precision_give_nearly_the_same(string family)
    {
        using EncoderDecoderModel model = New(family), half = (EncoderDecoderModel)model.Config.CreateBackbone(dtype: ScalarType.BFloat16);
        using IDisposable withoutGradients = no_grad();
        foreach ((Parameter source, Parameter target) in model.parameters().Zip(half.parameters())) target.copy_(source);
        model.eval();
        half.eval();
        Tensor tokens = Tokens(3, 5), mask = Staggered(3, 5);
        Tensor expected = model.Logits(model.Decode(tokens, model.Encode(tokens, mask), mask));
        using DecoderCache cache = half.CreateCache(3, 5);
        Tensor actual = half.Logits(half.Decode(tokens, half.Encode(tokens, mask), mask, cache));
        Assert.Equal(ScalarType.BFloat16, actual.dtype);
        double size = expected.abs().max().item<float>();
        GoldenModel.AssertClose("logits", expected, actual.to(ScalarType.Float32), 0.06 * size);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Mistakes_are_named_before_they_reach_native_code(string family)
    {
        using EncoderDecoderModel model = New(family);
        int width = model.Config.Width;
        Tensor tokens = Tokens(2, 3), memory = model.Encode(tokens);
        Assert.Contains("[batch, sequence] of Int64", Message(() => model.Encode(zeros(2, 3))), StringComparison.Ordinal);
        Assert.Contains($"memory must be [2, source, {width}]", Message(() => model.Decode(tokens, memory.narrow(0, 0, 1))), StringComparison.Ordinal);
        Assert.Contains("memoryMask must be [2, 3] of Bool", Message(() => model.Decode(tokens, memory, ones([2, 4], dtype: ScalarType.Bool))), StringComparison.Ordinal);
        using KvCache plain = new(1, 2, 1, 4, 4);
        Assert.Contains("needs an EncoderDecoderCache; received a KvCache", Message(() => model.Decode(tokens, memory, cache: plain)), StringComparison.Ordinal);
        using DecoderCache cache = model.CreateCache(1, 4);
        Assert.Contains("cache has 1 rows; received 2", Message(() => model.Decode(tokens, memory, cache: cache)), StringComparison.Ordinal);
        Assert.Contains("does not tell the segments", Message(() => model.ReadTexts(tokens, segments: tokens)), StringComparison.Ordinal);
        if (family != "t5") Assert.Contains("knows 14 positions; received 15", Message(() => model.Encode(Tokens(1, 15))), StringComparison.Ordinal);
        Assert.Contains("'t5' is an encoder-decoder, which writes one text from another", Assert.Throws<NotSupportedException>(() => T5.CreateDecoder()).Message, StringComparison.Ordinal);

        static string Message(Func<object> action) => Assert.Throws<ArgumentException>(action).Message;
    }

    /// <summary>Encodes once, then appends the best token again and again.</summary>
    private static long[][] Greedy(EncoderDecoderModel model, Tensor tokens, Tensor? mask, int newTokens, bool useCache)
    {
        using IDisposable withoutGradients = no_grad();
        long rows = tokens.size(0);
        Tensor memory = model.Encode(tokens, mask), written = full([rows, 1], model.DecoderStart, dtype: ScalarType.Int64);
        using DecoderCache? cache = useCache ? model.CreateCache(rows, newTokens) : null;
        for (int i = 0; i < newTokens; i++)
        {
            Tensor hidden = model.Decode(useCache ? written.narrow(1, i, 1) : written, memory, mask, cache);
            written = cat([written, model.Logits(hidden.select(1, hidden.size(1) - 1)).argmax(-1).unsqueeze(1)], 1);
        }
        return [.. Enumerable.Range(0, (int)rows).Select(row => written[row].contiguous().data<long>().ToArray())];
    }

    private static EncoderDecoderModel New(string family)
    {
        ModelConfig config = family switch { "t5" => T5, "bart" => Bart, _ => Marian };
        EncoderDecoderModel model = config.CreateEncoderDecoder();
        model.Initialize(new RandomStream(7));
        return model;
    }

    private static Tensor Tokens(int rows, int length) => tensor(Enumerable.Range(0, rows * length).Select(i => ((i * 7L) + 3) % 27).ToArray(), [rows, length]);

    /// <summary>[rows, length]: the last columns of later rows are padding.</summary>
    private static Tensor Staggered(int rows, int length) => tensor([.. Enumerable.Range(0, rows * length).Select(i => i % length < length - (i / length))], [rows, length]);
}
