using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Models;
using Xunit;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Tests.Models.Bert;

/// <summary>BERT and its descendants against the reference stack: hidden states, answers, every gradient.</summary>
public sealed class BertGoldenTests
{
    private const double Tolerance = 1e-5;

    [Fact]
    public void Bert_with_its_pooler()
    {
        GoldenModel golden = GoldenModel.Of("bert/base");
        using TextEmbedder model = HuggingFaceFolder.LoadTextEmbedder(golden.Folder, pooling: null, isNormalized: false);
        Tensor hidden = ReadTexts(golden, model.Backbone);
        Tensor pooled = model.HeadModule.Forward(hidden, golden.Inputs["input_ids"], golden.Mask);
        GoldenModel.AssertClose("pooler output", golden.Expected["pooler_output"], pooled, Tolerance);
        Compare(golden, model, hidden.mul(golden.Mask.unsqueeze(-1)).square().mean() + pooled.square().mean());
    }

    [Theory]
    [InlineData("roberta/mlm")]
    [InlineData("mpnet/mlm")]
    public void Masked_language_models(string path)
    {
        GoldenModel golden = GoldenModel.Of(path);
        using MaskedLanguageModel model = HuggingFaceFolder.LoadMaskedLanguageModel(golden.Folder);
        Tensor logits = model.HeadModule.Forward(ReadTexts(golden, model.Backbone));
        GoldenModel.AssertClose("logits", golden.Expected["logits"], logits, Tolerance, golden.Mask);
        Compare(golden, model, MeanCrossEntropy(logits, golden.Inputs["labels"]));
    }

    [Fact]
    public void An_Albert_classifier()
    {
        GoldenModel golden = GoldenModel.Of("albert/seqcls");
        using SequenceClassifier model = HuggingFaceFolder.LoadClassifier(golden.Folder);
        Tensor logits = model.HeadModule.Forward(ReadTexts(golden, model.Backbone), golden.Inputs["input_ids"], golden.Mask);
        GoldenModel.AssertClose("logits", golden.Expected["logits"], logits, Tolerance);
        Compare(golden, model, MeanCrossEntropy(logits, golden.Inputs["labels"]));
    }

    [Fact]
    public void A_DistilBert_that_finds_answers()
    {
        GoldenModel golden = GoldenModel.Of("distilbert/qa");
        using QuestionAnsweringModel model = HuggingFaceFolder.LoadQuestionAnswering(golden.Folder);
        (Tensor start, Tensor end) = model.Forward(golden.Inputs["input_ids"], golden.Mask);
        GoldenModel.AssertClose("start", golden.Expected["start_logits"].unsqueeze(-1), start.unsqueeze(-1), Tolerance, golden.Mask);
        GoldenModel.AssertClose("end", golden.Expected["end_logits"].unsqueeze(-1), end.unsqueeze(-1), Tolerance, golden.Mask);
    }

    [Fact]
    public void An_Electra_that_detects_replaced_tokens()
    {
        GoldenModel golden = GoldenModel.Of("electra/discriminator");
        using ReplacedTokenDetector model = HuggingFaceFolder.LoadReplacedTokenDetector(golden.Folder);
        Tensor logits = model.HeadModule.Forward(ReadTexts(golden, model.Backbone));
        GoldenModel.AssertClose("logits", golden.Expected["logits"].unsqueeze(-1), logits, Tolerance, golden.Mask);
        Tensor targets = golden.Inputs["labels"].to(ScalarType.Float32).masked_select(golden.Mask);
        Compare(golden, model, F.binary_cross_entropy_with_logits(logits.squeeze(-1).masked_select(golden.Mask), targets));
    }

    private static Tensor ReadTexts(GoldenModel golden, BackboneModel backbone)
    {
        List<Tensor> states = [];
        Tensor hidden = backbone.ReadTexts(golden.Inputs["input_ids"], golden.Mask, golden.Inputs.GetValueOrDefault("token_type_ids"), states);
        Assert.Equal(golden.Expected.Keys.Count(name => name.StartsWith("hidden_states.", StringComparison.Ordinal)), states.Count);
        for (int i = 0; i < states.Count; i++) GoldenModel.AssertClose($"hidden state {i}", golden.Expected[$"hidden_states.{i}"], states[i], Tolerance, golden.Mask);
        return hidden;
    }

    private static Tensor MeanCrossEntropy(Tensor logits, Tensor labels)
    {
        Tensor targets = labels.reshape(-1);
        return SoftmaxCrossEntropy.Sum(logits.reshape(targets.numel(), -1), targets) / targets.ne(SoftmaxCrossEntropy.Ignored).sum();
    }

    /// <summary>The loss, and the gradient of every tensor of the checkpoint: rows of padding get theirs from tied heads alone.</summary>
    private static void Compare<TModel>(GoldenModel golden, TModel model, Tensor loss) where TModel : nn.Module, ICheckpointModel
    {
        double expectedLoss = (double)golden.Numbers["loss"]!;
        Assert.Equal(expectedLoss, loss.item<float>(), 1e-5 * expectedLoss);
        loss.backward();
        Dictionary<string, Tensor> gradients = ModelWeights.Gradients(model);
        Assert.Equal(golden.Expected.Keys.Where(name => name.StartsWith("grad.", StringComparison.Ordinal)).Order(), gradients.Keys.Select(name => $"grad.{name}").Order());
        foreach ((string name, Tensor gradient) in gradients)
        {
            Tensor expected = golden.Expected[$"grad.{name}"];
            GoldenModel.AssertClose(name, expected, gradient, 1e-6 + (1e-5 * expected.abs().max().item<float>()));
        }
    }
}
