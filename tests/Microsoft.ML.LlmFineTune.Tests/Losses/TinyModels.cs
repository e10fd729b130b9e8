using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Bert;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Models.Recurrent;
using Microsoft.ML.LlmFineTune.Models.T5;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tests.Losses;

/// <summary>Models of a few thousand weights, of every kind that objectives know. None of them drops anything.</summary>
internal static class TinyModels
{
    public const int Vocabulary = 20;

    private static readonly Gpt2Config DecoderConfig = new() { VocabularySize = Vocabulary, MaximumLength = 16, Width = 8, Layers = 1, Heads = 2, EmbeddingDropout = 0, ResidualDropout = 0, AttentionDropout = 0, InitializerRange = 0.3 };
    private static readonly BertConfig EncoderConfig = new() { VocabularySize = Vocabulary, MaximumLength = 16, Width = 8, Layers = 1, Heads = 2, InnerWidth = 12, InitializerRange = 0.3, HiddenDropout = 0, AttentionDropout = 0, ClassifierDropout = 0 };
    private static readonly T5Config BothConfig = new() { VocabularySize = Vocabulary, Width = 8, HeadSize = 4, Heads = 2, InnerWidth = 12, EncoderLayers = 1, DecoderLayers = 1, PositionBuckets = 4, MaximumDistance = 6, Dropout = 0 };

    private static readonly RecurrentConfig RecurrentConfig = new() { VocabularySize = Vocabulary, EmbeddingWidth = 6, HiddenWidth = 8, Layers = 2, InitializerRange = 1 };

    public static Gpt2Model Decoder(ulong seed = 1) => Initialized(new Gpt2Model(DecoderConfig), seed);

    public static RecurrentLanguageModel Recurrent(ulong seed = 1) => Initialized(new RecurrentLanguageModel(RecurrentConfig), seed);

    public static T5Model EncoderDecoder(ulong seed = 1) => Initialized(new T5Model(BothConfig), seed);

    public static BackboneModel Encoder(ulong seed = 1) => Initialized(EncoderConfig.CreateBackbone(), seed);

    public static MaskedLanguageModel Masked(ulong seed = 1)
    {
        MaskedLanguageModel model = new(Encoder(seed));
        model.InitializeHead(new RandomStream(seed + 1));
        return model;
    }

    public static SequenceClassifier Classifier(ClassificationProblem problem = ClassificationProblem.SingleLabel, ulong seed = 1)
    {
        SequenceClassifier model = new(Encoder(seed), ["a", "b", "c"], problem: problem);
        model.InitializeHead(new RandomStream(seed + 1));
        return model;
    }

    public static TokenClassifier TokenClassifier(ulong seed = 1)
    {
        TokenClassifier model = new(Encoder(seed), ["O", "B-X", "I-X"]);
        model.InitializeHead(new RandomStream(seed + 1));
        return model;
    }

    public static QuestionAnsweringModel Reader()
    {
        QuestionAnsweringModel model = new(Encoder());
        model.InitializeHead(new RandomStream(2));
        return model;
    }

    public static MultipleChoiceModel Chooser()
    {
        MultipleChoiceModel model = new(Encoder());
        model.InitializeHead(new RandomStream(2));
        return model;
    }

    public static ReplacedTokenDetector Detector()
    {
        ReplacedTokenDetector model = new(Initialized(new ElectraConfig { VocabularySize = Vocabulary, MaximumLength = 16, EmbeddingWidth = 8, Width = 8, Layers = 1, Heads = 2, InnerWidth = 12, InitializerRange = 0.3, HiddenDropout = 0, AttentionDropout = 0 }.CreateBackbone(), 1));
        model.InitializeHead(new RandomStream(2));
        return model;
    }

    public static TextEmbedder Embedder() => new(Encoder(), Pooling.Mean);

    private static T Initialized<T>(T model, ulong seed) where T : BackboneModel
    {
        model.Initialize(new RandomStream(seed));
        return model;
    }
}
