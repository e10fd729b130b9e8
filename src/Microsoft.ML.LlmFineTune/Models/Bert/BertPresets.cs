namespace Microsoft.ML.LlmFineTune.Models.Bert;

/// <summary>The shapes of published encoders, and one to begin with.</summary>
public static class BertPresets
{
    private static readonly RobertaConfig Roberta = new() { Segments = 1, MaximumLength = 512, NormEpsilon = 1e-5 };

    /// <summary>For pretraining in minutes on two cores: 4 layers, 4 heads, width 128, 128 positions (0.8 million weights besides the embeddings).</summary>
    /// <param name="vocabularySize">Entries of the tokenizer.</param>
    public static BertConfig Tiny(int vocabularySize) => new() { VocabularySize = vocabularySize, MaximumLength = 128, Width = 128, Layers = 4, Heads = 4, InnerWidth = 512 };

    /// <summary>bert-base-uncased: 12 layers, width 768, 109 million weights.</summary>
    public static BertConfig BertBaseUncased { get; } = new();

    /// <summary>bert-large-uncased: 24 layers, width 1,024, 335 million weights.</summary>
    public static BertConfig BertLargeUncased { get; } = new() { Width = 1024, Layers = 24, Heads = 16, InnerWidth = 4096 };

    /// <summary>MiniLM-L6-H384-uncased, below all-MiniLM-L6-v2: 6 layers, width 384, 23 million weights.</summary>
    public static BertConfig MiniLmL6 { get; } = new() { Width = 384, Layers = 6, InnerWidth = 1536 };

    /// <summary>MiniLM-L12-H384-uncased, below all-MiniLM-L12-v2: 12 layers, width 384, 33 million weights.</summary>
    public static BertConfig MiniLmL12 { get; } = MiniLmL6 with { Layers = 12 };

    /// <summary>roberta-base: 12 layers, width 768, 125 million weights.</summary>
    public static RobertaConfig RobertaBase { get; } = Roberta;

    /// <summary>roberta-large: 24 layers, width 1,024, 355 million weights.</summary>
    public static RobertaConfig RobertaLarge { get; } = Roberta with { Width = 1024, Layers = 24, Heads = 16, InnerWidth = 4096 };

    /// <summary>xlm-roberta-base: 12 layers, width 768, 250,002 tokens, 278 million weights.</summary>
    public static RobertaConfig XlmRobertaBase { get; } = new("xlm-roberta") { VocabularySize = 250002, Segments = 1, MaximumLength = 512, NormEpsilon = 1e-5 };

    /// <summary>distilbert-base-uncased: 6 layers, width 768, 66 million weights.</summary>
    public static DistilBertConfig DistilBertBaseUncased { get; } = new();

    /// <summary>electra-small-discriminator: 12 layers, width 256, embeddings of 128, 14 million weights.</summary>
    public static ElectraConfig ElectraSmall { get; } = new();

    /// <summary>electra-base-discriminator: 12 layers, width 768, 109 million weights.</summary>
    public static ElectraConfig ElectraBase { get; } = new() { EmbeddingWidth = 768, Width = 768, Heads = 12, InnerWidth = 3072 };

    /// <summary>albert-base-v2: 12 layers that share their weights, width 768, embeddings of 128, 12 million weights.</summary>
    public static AlbertConfig AlbertBaseV2 { get; } = new() { Width = 768, Heads = 12, InnerWidth = 3072 };

    /// <summary>mpnet-base, below all-mpnet-base-v2: 12 layers, width 768, 109 million weights.</summary>
    public static MpnetConfig MpnetBase { get; } = new() { MaximumLength = 512, NormEpsilon = 1e-5 };
}
