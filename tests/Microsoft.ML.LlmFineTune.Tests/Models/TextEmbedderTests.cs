using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Models.Bert;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

public sealed class TextEmbedderTests
{
    public TextEmbedderTests() => NativeRuntime.Initialize();

    [Theory]
    [InlineData(Pooling.FirstToken)]
    [InlineData(Pooling.LastToken)]
    [InlineData(Pooling.Mean)]
    public void Pooling_takes_what_the_mask_allows(Pooling pooling)
    {
        using TextEmbedder model = new(BertModelTests.New(BertModelTests.Config("bert")), pooling, isNormalized: false);
        model.eval();
        using IDisposable withoutGradients = no_grad();
        Tensor tokens = BertModelTests.Tokens(2, 5), mask = tensor([true, true, true, true, true, true, true, true, false, false], [2, 5]);
        Tensor hidden = model.Backbone.ReadTexts(tokens, mask);
        Tensor expected = pooling switch
        {
            Pooling.FirstToken => stack([hidden[0][0], hidden[1][0]]),
            Pooling.LastToken => stack([hidden[0][4], hidden[1][2]]),
            _ => stack([hidden[0].mean([0]), hidden[1].narrow(0, 0, 3).mean([0])]),
        };
        GoldenModel.AssertClose("pooled", expected, model.Forward(tokens, mask), 1e-6);
        // A padding id among the tokens means nothing: the mask speaks.
        GoldenModel.AssertClose("alone", expected[0].unsqueeze(0), model.Forward(tokens.narrow(0, 0, 1)), 1e-6);
    }

    [Fact]
    public void Normalized_vectors_have_length_1()
    {
        using TextEmbedder plain = new(BertModelTests.New(BertModelTests.Config("bert")), isNormalized: false), unit = new(BertModelTests.New(BertModelTests.Config("bert")));
        Tensor tokens = BertModelTests.Tokens(3, 5);
        Tensor vectors = plain.Forward(tokens);
        GoldenModel.AssertClose("unit", vectors / vectors.square().sum(-1, keepdim: true).sqrt(), unit.Forward(tokens), 1e-6);
        Assert.Equal((Pooling.Mean, true, ModelHead.Embedding), (unit.Pooling, unit.IsNormalized, unit.Head));
    }

    [Fact]
    public void A_vector_of_zeros_stays_one_and_has_a_gradient()
    {
        using TextEmbedder model = new(BertModelTests.New(BertModelTests.Config("bert")));
        // The last norm gives zeros.
        using (no_grad())
        {
            foreach (Tensor weight in model.named_parameters().Where(entry => entry.name.StartsWith("backbone.block1.outputNorm", StringComparison.Ordinal)).Select(entry => entry.parameter)) weight.zero_();
        }
        Tensor vector = model.Forward(BertModelTests.Tokens(1, 4));
        Assert.True(vector.eq(0).all().item<bool>());
        vector.sum().backward();
        foreach (Tensor gradient in model.parameters().Select(parameter => parameter.grad).OfType<Tensor>()) Assert.True(gradient.isfinite().all().item<bool>());
    }

    [Fact]
    public void Any_backbone_embeds()
    {
        using TextEmbedder model = new(new Gpt2Config { VocabularySize = 50, MaximumLength = 8, Width = 16, Layers = 1, Heads = 2 }.CreateBackbone(), Pooling.LastToken);
        model.Backbone.Initialize(new RandomStream(1));
        Assert.Equal([2L, 16L], model.Forward(BertModelTests.Tokens(2, 5)).shape);
        using TextEmbedder like = model.CreateLike();
        Assert.Equal((model.Pooling, model.IsNormalized, model.training), (like.Pooling, like.IsNormalized, like.training));
    }

    [Theory]
    [InlineData("distilbert")]
    [InlineData("electra")]
    public void Without_a_pooler_of_its_own_a_family_refuses_it(string family) =>
        Assert.Contains($"'{family}' has no head for the task Embedding", Assert.Throws<NotSupportedException>(() => new TextEmbedder(BertModelTests.New(BertModelTests.Config(family)), pooling: null)).Message, StringComparison.Ordinal);
}
