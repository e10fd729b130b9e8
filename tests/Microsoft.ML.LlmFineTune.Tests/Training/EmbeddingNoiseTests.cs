using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Bert;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Models.Llama;
using Microsoft.ML.LlmFineTune.Models.T5;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Training;

public sealed class EmbeddingNoiseTests
{
    private static readonly long[] Ids = [3, 5, 7, 2, 9, 4, 4, 8, 1, 6];

    public static TheoryData<string> Families { get; } = ["gpt2", "llama", "bert", "t5"];

    [Theory]
    [MemberData(nameof(Families))]
    public void It_is_there_in_training_alone_and_drawn_from_the_models_stream(string family)
    {
        using BackboneModel model = New(family);
        Tensor plain = Read(model, training: true);
        using (NoisyEmbeddings.Use(model, 5))
        {
            Tensor first = Read(model, training: true), again = Read(model, training: true), other = Read(model, training: true, seed: 2);
            Assert.False(plain.allclose(first, 1e-4, 1e-4));
            Assert.True(first.allclose(again, 0, 0));
            Assert.False(first.allclose(other, 1e-4, 1e-4));
            Assert.True(Read(model, training: false).allclose(plain, 1e-6, 1e-6));
        }
        Assert.Equal(0, model.EmbeddingNoise);
        Assert.True(plain.allclose(Read(model, training: true), 0, 0));
    }

    [Fact]
    public void Its_bound_is_alpha_over_the_root_of_length_times_width_and_replicas_have_it()
    {
        using Gpt2Model model = (Gpt2Model)New("gpt2");
        using IDisposable noise = NoisyEmbeddings.Use(model, 5);
        using BackboneModel like = model.CreateLike();
        Assert.Equal(5, like.EmbeddingNoise);
        double bound = 5 / Math.Sqrt(5 * 16);
        Tensor clean = First(model, training: false), noisy = First(model, training: true);
        float[] difference = [.. (noisy - clean).reshape(-1).data<float>().ToArray()];
        Assert.All(difference, value => Assert.InRange(Math.Abs(value), 0, bound + 1e-5));
        // The mean magnitude of uniform numbers is half their bound; of 160 its standard error is 5 %.
        Assert.InRange(difference.Average(value => Math.Abs(value)) / bound, 0.4, 0.6);
    }

    [Fact]
    public void Gradients_pass_through()
    {
        using BackboneModel model = New("gpt2");
        using IDisposable noise = NoisyEmbeddings.Use(model, 5);
        Read(model, training: true, gradients: true).sum().backward();
        Assert.True(model.get_parameter("tokenEmbedding.weight")!.grad!.abs().sum().item<float>() > 0);
    }

    private static Tensor First(Gpt2Model model, bool training)
    {
        model.train(training);
        ((IReplicable)model).Reseed(new RandomStream(1));
        List<Tensor> hidden = [];
        using IDisposable withoutGradients = no_grad();
        model.Forward(tensor(Ids, [2, 5]), hiddenStates: hidden);
        return hidden[0];
    }

    private static Tensor Read(BackboneModel model, bool training, ulong seed = 1, bool gradients = false)
    {
        model.train(training);
        ((IReplicable)model).Reseed(new RandomStream(seed));
        using IDisposable? withoutGradients = gradients ? null : no_grad();
        return model.ReadTexts(tensor(Ids, [2, 5]));
    }

    private static BackboneModel New(string family)
    {
        ModelConfig config = family switch
        {
            "gpt2" => new Gpt2Config { VocabularySize = 11, MaximumLength = 8, Width = 16, Layers = 1, Heads = 2, EmbeddingDropout = 0, ResidualDropout = 0, AttentionDropout = 0 },
            "llama" => new LlamaConfig { VocabularySize = 11, MaximumLength = 8, Width = 16, Layers = 1, Heads = 2, KeyValueHeads = 2, HeadSize = 8, InnerWidth = 16 },
            "bert" => new BertConfig { VocabularySize = 11, MaximumLength = 8, Width = 16, Layers = 1, Heads = 2, InnerWidth = 16, HiddenDropout = 0, AttentionDropout = 0 },
            _ => new T5Config { VocabularySize = 11, Width = 16, EncoderLayers = 1, DecoderLayers = 1, Heads = 2, HeadSize = 8, InnerWidth = 16, Dropout = 0, Padding = 0 },
        };
        BackboneModel model = config.CreateBackbone();
        model.Initialize(new RandomStream(3));
        return model;
    }
}
