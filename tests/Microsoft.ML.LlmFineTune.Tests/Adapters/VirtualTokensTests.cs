using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Gemma;
using Microsoft.ML.LlmFineTune.Models.Llama;
using Microsoft.ML.LlmFineTune.Models.T5;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Adapters;

public sealed class VirtualTokensTests
{
    public static TheoryData<string, string> Cases => new MatrixTheoryData<string, string>(["gpt2", "llama", "mistral", "gemma3"], ["prompt", "prefix"]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Piece_by_piece_with_a_cache_gives_the_same(string family, string kind)
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Config(family));
        ModelAdapters.Attach(model, ModelAdaptersTests.Options(kind));
        Tensor tokens = Adapted.Tokens(3, 8);
        bool[] real = [.. Enumerable.Range(0, 24).Select(i => i % 8 >= i / 8)];   // 0, 1, 2 columns of padding on the left
        Tensor mask = tensor(real, [3, 8]);
        using IDisposable withoutGradients = no_grad();
        Tensor whole = model.Forward(tokens, mask);
        Assert.Equal([3, 8, model.Config.Width], whole.shape);
        using DecoderCache cache = model.CreateCache(3, 8);
        for (int start = 0; start < 8; start += 2)
        {
            Tensor piece = model.Forward(tokens.narrow(1, start, 2), mask.narrow(1, 0, start + 2), cache);
            Tensor difference = (piece - whole.narrow(1, start, 2)).abs() * mask.narrow(1, start, 2).unsqueeze(-1).to(ScalarType.Float32);
            Assert.InRange(difference.max().item<float>(), 0, 2e-5);
            Assert.Equal(start + 2, cache.Length);
        }
        cache.CutBack(4);
        Assert.InRange(Adapted.Distance(model.Forward(tokens.narrow(1, 4, 4), mask, cache), whole.narrow(1, 4, 4)), 0, 2e-5);
        cache.Clear();
        Assert.InRange(Adapted.Distance(model.Forward(tokens.narrow(1, 0, 8), mask, cache).narrow(1, 4, 4), whole.narrow(1, 4, 4)), 0, 2e-5);
    }

    [Theory]
    [InlineData("prompt")]
    [InlineData("prefix")]
    public void Generation_with_and_without_a_cache_is_the_same_up_to_the_last_position(string kind)
    {
        using DecoderModel model = Adapted.Model(Adapted.Gpt2);
        ModelAdapters adapters = ModelAdapters.Attach(model, ModelAdaptersTests.Options(kind));
        GenerationOptions options = new() { MaxNewTokens = 20, Temperature = 0 };
        int[][] prompts = [[3, 5, 7], [11, 2]];
        IEnumerable<int>[] With(bool useCache) => [.. new TokenGenerator(model).Generate(prompts, options with { UseCache = useCache }).Select(one => one.Tokens)];
        IEnumerable<int>[] cached = With(true);
        Assert.Equal(With(false), cached);
        adapters.Deactivate();
        Assert.NotEqual(With(true), cached);
    }

    [Fact]
    public void Padding_and_neighbours_change_nothing()
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.Llama);
        ModelAdapters.Attach(model, new PrefixTuningOptions { VirtualTokens = 2 });
        Tensor tokens = Adapted.Tokens(1, 5), alone = Adapted.Logits(model, tokens);
        Tensor wide = cat([tokens, Adapted.Tokens(1, 3)], 1);
        Assert.InRange(Adapted.Distance(alone, Adapted.Logits(model, wide).narrow(1, 0, 5)), 0, 2e-5);
    }

    [Fact]
    public void A_prompt_begins_with_the_embeddings_of_given_tokens()
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.Llama);
        Tensor tokens = Adapted.Tokens(1, 5);
        Tensor expected = Adapted.Logits(model, cat([tensor(new long[] { 4, 9, 4 }, [1, 3]), tokens], 1)).narrow(1, 3, 5);
        ModelAdapters.Attach(model, new PromptTuningOptions { VirtualTokens = 3, InitialTokens = [4, 9] });
        Assert.InRange(Adapted.Distance(expected, Adapted.Logits(model, tokens)), 0, 2e-5);
        ModelAdapters.Of(model)!.Remove(ModelAdapters.DefaultName);
        ModelAdapters.Attach(model, new PromptTuningOptions { VirtualTokens = 3, BeginsWithVocabulary = true });
        Assert.Equal([3, 16], ModelAdapters.Of(model)!.Views()["prompt_embeddings"].shape);
    }

    [Theory]
    [MemberData(nameof(ModelAdaptersTests.Families), MemberType = typeof(ModelAdaptersTests))]
    public void Every_family_reads_a_prompt_as_it_reads_the_token_that_it_begins_with(string family)
    {
        using IDisposable scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        using BackboneModel model = LlmFineTune.Checkpoints.HuggingFaceFolder.LoadBackbone(Path.Combine(AppContext.BaseDirectory, "Fixtures", "models", family));
        Tensor tokens = Adapted.Tokens(2, 5, model.Config.VocabularySize).clamp_min(5);
        Tensor expected = Read(cat([full([2, 2], 7, dtype: ScalarType.Int64), tokens], 1));
        ModelAdapters.Attach(model, new PromptTuningOptions { VirtualTokens = 2, InitialTokens = [7] });
        Tensor read = Read(tokens);
        Assert.InRange(Adapted.Distance(expected.narrow(1, expected.size(1) - 5, 5), read.narrow(1, read.size(1) - 5, 5)), 0, 2e-5 * Math.Max(1, expected.abs().max().item<float>()));

        Tensor Read(Tensor text) => model is EncoderDecoderModel both ? both.Encode(text) : model.ReadTexts(text);
    }

    [Fact]
    public void An_encoder_decoder_reads_a_prompt_before_the_source()
    {
        using IDisposable scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        NativeRuntime.Initialize();
        T5Config config = new() { VocabularySize = 29, Width = 16, HeadSize = 4, InnerWidth = 20, EncoderLayers = 2, DecoderLayers = 2, Heads = 4 };
        using EncoderDecoderModel model = config.CreateEncoderDecoder();
        model.Initialize(new RandomStream(1));
        model.eval();
        Tensor source = Adapted.Tokens(2, 5), target = Adapted.Tokens(2, 3), mask = tensor(new[] { true, true, true, true, true, true, true, true, false, false }, [2, 5]);
        Tensor before = model.Encode(cat([full([2, 1], 7, dtype: ScalarType.Int64), source], 1), cat([ones([2, 1], dtype: ScalarType.Bool), mask], 1));
        Tensor expected = model.Decode(target, before, cat([ones([2, 1], dtype: ScalarType.Bool), mask], 1));
        ModelAdapters.Attach(model, new PromptTuningOptions { VirtualTokens = 1, InitialTokens = [7] });
        Assert.InRange(Adapted.Distance(expected, model.Decode(target, model.Encode(source, mask), mask)), 0, 1e-5);
        Assert.Contains("Prefix tuning is not offered for 't5'", Assert.Throws<NotSupportedException>(() => ModelAdapters.Attach(model, new PrefixTuningOptions(), "two")).Message, StringComparison.Ordinal);
        Assert.Equal([ModelAdapters.DefaultName], ModelAdapters.Of(model)!.Names);
    }

    [Fact]
    public void A_prompt_is_no_part_of_the_weights()
    {
        using DecoderModel model = Adapted.Model(Adapted.Llama);
        ModelAdapters adapters = ModelAdapters.Attach(model, new PromptTuningOptions { VirtualTokens = 2 });
        Assert.Throws<NotSupportedException>(adapters.Merge);
        Assert.Throws<NotSupportedException>(adapters.MergeAndRemove);
        Assert.Equal(ModelAdapters.DefaultName, adapters.Active);
    }

    private static ModelConfig Config(string family) => family switch
    {
        "gpt2" => Adapted.Gpt2,
        "mistral" => Adapted.Llama with { Kind = LlamaKind.Mistral, Window = 6 },
        "gemma3" => new GemmaConfig
        {
            Kind = GemmaKind.Gemma3, VocabularySize = 29, TrainedLength = 16, Width = 16, InnerWidth = 20, Layers = 3, Heads = 4, KeyValueHeads = 2, HeadSize = 6, QueryScalar = 5,
            Window = 4, WindowLayers = [true, false, true], Rotary = new() { Theta = 1000 }, LocalRotary = new() { Theta = 10 },
        },
        _ => Adapted.Llama,
    };
}
