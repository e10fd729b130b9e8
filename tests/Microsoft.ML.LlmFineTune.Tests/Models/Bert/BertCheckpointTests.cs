using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Bert;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models.Bert;

/// <summary>What checkpoints of many ages and heads are read as.</summary>
public sealed class BertCheckpointTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public BertCheckpointTests() => NativeRuntime.Initialize();

    /// <summary>Every family with every head that it has.</summary>
    public static TheoryData<string, ModelHead> Heads
    {
        get
        {
            TheoryData<string, ModelHead> data = [];
            foreach (string family in (string[])["albert", "bert", "distilbert", "electra", "mpnet", "roberta"])
            {
                foreach (ModelHead head in (ModelHead[])[ModelHead.None, ModelHead.MaskedToken, ModelHead.SequenceClassification, ModelHead.TokenClassification, ModelHead.QuestionAnswering, ModelHead.MultipleChoice]) data.Add(family, head);
                if (family is not ("distilbert" or "electra")) data.Add(family, ModelHead.Embedding);
            }
            data.Add("electra", ModelHead.ReplacedToken);
            return data;
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Heads))]
    public void What_is_saved_comes_back(string family, ModelHead head)
    {
        BertModel backbone = BertModelTests.New(BertModelTests.Config(family) with { Labels = head is ModelHead.SequenceClassification or ModelHead.TokenClassification ? ["a", "b", "c"] : [] });
        switch (head)
        {
            case ModelHead.None: Check(backbone, () => (BertModel)HuggingFaceFolder.LoadEncoder(_folder)); break;
            case ModelHead.MaskedToken: Check(new MaskedLanguageModel(backbone), () => HuggingFaceFolder.LoadMaskedLanguageModel(_folder)); break;
            case ModelHead.ReplacedToken: Check(new ReplacedTokenDetector(backbone), () => HuggingFaceFolder.LoadReplacedTokenDetector(_folder)); break;
            case ModelHead.SequenceClassification: Check(new SequenceClassifier(backbone, ["a", "b", "c"]), () => HuggingFaceFolder.LoadClassifier(_folder)); break;
            case ModelHead.TokenClassification: Check(new TokenClassifier(backbone, ["a", "b", "c"]), () => HuggingFaceFolder.LoadTokenClassifier(_folder)); break;
            case ModelHead.QuestionAnswering: Check(new QuestionAnsweringModel(backbone), () => HuggingFaceFolder.LoadQuestionAnswering(_folder)); break;
            case ModelHead.MultipleChoice: Check(new MultipleChoiceModel(backbone), () => HuggingFaceFolder.LoadMultipleChoice(_folder)); break;
            default: Check(new TextEmbedder(backbone, pooling: null), () => HuggingFaceFolder.LoadTextEmbedder(_folder, pooling: null)); break;
        }

        void Check<TModel>(TModel model, Func<TModel> load) where TModel : nn.Module, ICheckpointModel
        {
            using (model)
            {
                Fill(model);
                HuggingFaceFolder.Save(_folder, model);
                using TModel read = load();
                Dictionary<string, Tensor> expected = ModelWeights.Views(model), actual = ModelWeights.Views(read);
                Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
                foreach ((string name, Tensor weight) in expected) Assert.True(weight.eq(actual[name]).all().item<bool>(), name);
                // The bare encoder is in every one of them.
                using EncoderModel encoder = HuggingFaceFolder.LoadEncoder(_folder);
                Assert.Equal(backbone.ParameterCount, encoder.ParameterCount);
            }
        }
    }

    [Fact]
    public void Bare_names_and_the_oldest_names_are_read()
    {
        using SequenceClassifier model = new(BertModelTests.New(BertModelTests.Config("bert")), ["a", "b"]);
        Fill(model);
        HuggingFaceFolder.Save(_folder, model);
        Rename(name => name
            .Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal).Replace("LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal).Replace("bert.", "", StringComparison.Ordinal),
            new() { ["embeddings.position_ids"] = arange(20, dtype: ScalarType.Int64).unsqueeze(0), ["cls.seq_relationship.weight"] = zeros(2, 16) });
        using SequenceClassifier read = HuggingFaceFolder.LoadClassifier(_folder);
        AssertSame(model, read);
        using EncoderModel encoder = HuggingFaceFolder.LoadEncoder(_folder);
        AssertSame(model.Backbone, encoder);
    }

    [Fact]
    public void The_head_of_an_old_masked_language_model_is_read()
    {
        using MaskedLanguageModel model = new(BertModelTests.New(BertModelTests.Config("bert")));
        Fill(model);
        HuggingFaceFolder.Save(_folder, model);
        Rename(name => name.Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal).Replace("LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal),
            new() { ["cls.predictions.decoder.weight"] = zeros(50, 16), ["bert.pooler.dense.weight"] = zeros(16, 16) });
        using MaskedLanguageModel read = HuggingFaceFolder.LoadMaskedLanguageModel(_folder);
        AssertSame(model, read);
    }

    [Theory]
    [InlineData("bert")]
    [InlineData("albert")]
    public void Fine_tuning_begins_with_the_pretrained_pooler(string family)
    {
        using TextEmbedder pretrained = new(BertModelTests.New(BertModelTests.Config(family)), pooling: null);
        Fill(pretrained);
        HuggingFaceFolder.Save(_folder, pretrained);
        (SequenceClassifier classifier, IReadOnlyList<string> drawn) = HuggingFaceFolder.LoadForFineTuning(_folder, config => new SequenceClassifier(config.CreateBackbone(), ["a", "b"]), new RandomStream(5));
        using (classifier)
        {
            Assert.Equal(["classifier.bias", "classifier.weight"], drawn);
            AssertSame(pretrained.Backbone, classifier.Backbone);
            Tensor pooler = ModelWeights.Views(classifier).Single(entry => entry.Key.Contains("pooler", StringComparison.Ordinal) && entry.Value.dim() == 2).Value;
            Assert.True(pooler.eq(ModelWeights.Views(pretrained).Single(entry => entry.Key.StartsWith("pooler", StringComparison.Ordinal) && entry.Value.dim() == 2).Value).all().item<bool>());
        }
        // And the pooler of a classifier serves an embedder.
        (classifier, _) = HuggingFaceFolder.LoadForFineTuning(_folder, config => new SequenceClassifier(config.CreateBackbone(), ["a", "b"]), new RandomStream(5));
        using (classifier) HuggingFaceFolder.Save(_folder, classifier);
        using TextEmbedder again = HuggingFaceFolder.LoadTextEmbedder(_folder, pooling: null);
        AssertSame(pretrained, again);
    }

    [Fact]
    public void Without_a_pooler_it_is_drawn()
    {
        using BertModel bare = BertModelTests.New(BertModelTests.Config("bert"));
        HuggingFaceFolder.Save(_folder, bare);
        (SequenceClassifier classifier, IReadOnlyList<string> drawn) = HuggingFaceFolder.LoadForFineTuning(_folder, config => new SequenceClassifier(config.CreateBackbone(), ["a", "b"]), new RandomStream(5));
        using (classifier) Assert.Equal(["bert.pooler.dense.bias", "bert.pooler.dense.weight", "classifier.bias", "classifier.weight"], drawn);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => HuggingFaceFolder.LoadTextEmbedder(_folder, pooling: null));
        Assert.Contains("Missing: 'pooler.dense.bias' [", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_untied_head_has_a_matrix_of_its_own()
    {
        using MaskedLanguageModel model = new(BertModelTests.New(BertModelTests.Config("bert") with { TieEmbeddings = false }));
        Fill(model);
        Assert.Equal(["cls.predictions.decoder.bias", "cls.predictions.decoder.weight"], model.WeightNames.Select(name => name.File).Where(name => name.Contains("decoder", StringComparison.Ordinal)).Order());
        HuggingFaceFolder.Save(_folder, model);
        using MaskedLanguageModel read = HuggingFaceFolder.LoadMaskedLanguageModel(_folder);
        AssertSame(model, read);
    }

    /// <summary>Values that differ from tensor to tensor, biases included.</summary>
    private static void Fill<TModel>(TModel model) where TModel : nn.Module, ICheckpointModel
    {
        RandomStream random = new(9);
        foreach (Tensor weight in ModelWeights.Views(model).Values)
        {
            float[] values = new float[weight.numel()];
            random.FillNormal(values, 0, 0.3);
            weight.copy_(tensor(values, weight.shape));
        }
    }

    private void Rename(Func<string, string> rename, Dictionary<string, Tensor> more)
    {
        string path = Path.Combine(_folder, "model.safetensors");
        Dictionary<string, Tensor> tensors = SafeTensors.Read(path).ToDictionary(entry => rename(entry.Key), entry => entry.Value, StringComparer.Ordinal);
        foreach ((string name, Tensor tensor) in more) tensors.Add(name, tensor);
        SafeTensors.Write(path, tensors);
    }

    private static void AssertSame<TExpected, TActual>(TExpected expected, TActual actual) where TExpected : nn.Module, ICheckpointModel where TActual : nn.Module, ICheckpointModel
    {
        Dictionary<string, Tensor> weights = ModelWeights.Views(actual);
        foreach ((string name, Tensor weight) in ModelWeights.Views(expected)) Assert.True(weight.eq(weights[name]).all().item<bool>(), name);
        Assert.Equal(ModelWeights.Views(expected).Count, weights.Count);
    }
}
