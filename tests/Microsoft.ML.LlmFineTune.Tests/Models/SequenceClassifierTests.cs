using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

public sealed class SequenceClassifierTests
{
    private static readonly Tensor Tokens = tensor(new long[] { 5, 6, 7, 0, 0, 8, 9, 1, 2, 3 }, [2, 5]);
    private static readonly Tensor Mask = tensor([true, true, true, false, false, true, true, true, true, true], [2, 5]);

    public SequenceClassifierTests() => NativeRuntime.Initialize();

    [Theory]
    [InlineData(Pooling.LastToken, null)]
    [InlineData(Pooling.LastToken, 0)]
    [InlineData(Pooling.Mean, null)]
    [InlineData(Pooling.Mean, 0)]
    public void ARowIsScoredTheSameAloneAndPadded(Pooling pooling, int? padding)
    {
        using SequenceClassifier classifier = New(pooling, padding);
        using IDisposable withoutGradients = no_grad();
        Tensor together = classifier.Forward(Tokens, Mask);
        Tensor alone = classifier.Forward(tensor(new long[] { 5, 6, 7 }, [1, 3]));
        GoldenModel.AssertClose("scores", alone, together.narrow(0, 0, 1), 2e-6);
        if (padding is not null) GoldenModel.AssertClose("scores without a mask", together, classifier.Forward(Tokens), 0);
    }

    [Fact]
    public void TheMeanIsTheMean()
    {
        using SequenceClassifier classifier = New(Pooling.Mean, null);
        using IDisposable withoutGradients = no_grad();
        Tensor hidden = classifier.Backbone.ReadTexts(Tokens);
        Tensor mean = (hidden[0][0] + hidden[0][1] + hidden[0][2]) / 3;
        Tensor weight = classifier.named_parameters().Single(entry => entry.name == "head.score.weight").parameter;
        GoldenModel.AssertClose("scores", weight.matmul(mean), classifier.Forward(Tokens, Mask)[0], 2e-6);
    }

    [Fact]
    public void PoolingIsSavedWithTheModel()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            foreach (Pooling pooling in Enum.GetValues<Pooling>())
            {
                using SequenceClassifier classifier = New(pooling, 0);
                HuggingFaceFolder.Save(folder, classifier);
                JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!;
                Assert.Equal(pooling switch { Pooling.Mean => "mean", Pooling.FirstToken => "first", _ => "last" }, (string?)config["pooling"]);
                using SequenceClassifier read = HuggingFaceFolder.LoadClassifier(folder);
                Assert.Equal(pooling, read.Pooling);
                using SequenceClassifier replica = read.CreateLike();
                Assert.Equal((pooling, "a,b,c"), (replica.Pooling, string.Join(',', replica.Labels)));
                using IDisposable withoutGradients = no_grad();
                GoldenModel.AssertClose("scores", classifier.Forward(Tokens, Mask), read.Forward(Tokens, Mask), 0);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void OneClassIsRefused()
    {
        using Gpt2Model decoder = new(Config(null));
        Assert.Contains("at least two classes; received 1", Assert.Throws<ArgumentException>(() => new SequenceClassifier(decoder, ["a"])).Message, StringComparison.Ordinal);
    }

    private static Gpt2Config Config(int? padding) => new() { VocabularySize = 11, MaximumLength = 8, Width = 8, Layers = 2, Heads = 2, Padding = padding };

    private static SequenceClassifier New(Pooling pooling, int? padding)
    {
        SequenceClassifier classifier = new(Config(padding).CreateDecoder(), ["a", "b", "c"], pooling);
        classifier.Backbone.Initialize(new RandomStream(1));
        classifier.InitializeHead(new RandomStream(2));
        classifier.eval();
        return classifier;
    }
}
