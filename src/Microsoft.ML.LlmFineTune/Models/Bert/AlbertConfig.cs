using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Models.Bert;

/// <summary>
/// ALBERT (Lan et al.: "ALBERT: A Lite BERT for Self-supervised Learning of Language Representations", 2020): layers share their weights, and embeddings are narrower than hidden states.
/// Defaults are those of the published xxlarge model.
/// </summary>
public sealed record AlbertConfig : BertFamilyConfig
{
    private static readonly BertBlockNames Names = new(
        "attention.query", "attention.key", "attention.value", "attention.dense", "attention.LayerNorm", "ffn", "ffn_output", "full_layer_layer_norm");

    /// <summary>The defaults.</summary>
    public AlbertConfig()
    {
        (VocabularySize, Width, Heads, InnerWidth, Activation) = (30000, 4096, 64, 16384, "gelu_new");
        (HiddenDropout, AttentionDropout, ClassifierDropout) = (0, 0, 0.1);
        (BeginOfText, EndOfText, Padding) = (2, [3], 0);
    }

    /// <inheritdoc/>
    public override string Family => "albert";

    /// <summary>Size of a row of the embeddings (<c>embedding_size</c>); default 128; at least 1.</summary>
    public int EmbeddingWidth { get; init; } = 128;

    /// <summary>How many segments the model tells apart (<c>type_vocab_size</c>); default 2; at least 1.</summary>
    public int Segments { get; init; } = 2;

    /// <summary>How many groups of layers have weights of their own (<c>num_hidden_groups</c>); default 1: all layers share theirs; at least 1.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>How many blocks, each with its own weights, make one layer of a group (<c>inner_group_num</c>); default 1; at least 1.</summary>
    public int BlocksPerLayer { get; init; } = 1;

    internal override string Prefix => "albert.";

    internal override string ClassName => "Albert";

    internal override BertBlockNames BlockNames => Names;

    internal override int SegmentCount => Segments;

    internal override int TableWidth => EmbeddingWidth;

    internal override string? ProjectionName => "encoder.embedding_hidden_mapping_in";

    internal override int BlockCount => Groups * BlocksPerLayer;

    // A layer's group as the reference computes it, also where groups do not divide layers.
    internal override IEnumerable<int> BlockOrder =>
        Enumerable.Range(0, Layers).SelectMany(layer => Enumerable.Range((int)(layer / ((double)Layers / Groups)) * BlocksPerLayer, BlocksPerLayer));

    internal override double FeedForwardDropout => 0;

    /// <summary>Reads the content of a <c>config.json</c>; keys that are missing get their defaults.</summary>
    /// <exception cref="InvalidDataException">A value is not of the kind that its key demands.</exception>
    public static AlbertConfig FromJson(JsonObject json) => (AlbertConfig)new AlbertConfig().WithJson(json);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.AtLeast(EmbeddingWidth, 1);
        Require.AtLeast(Segments, 1);
        Require.AtLeast(Groups, 1);
        Require.AtLeast(BlocksPerLayer, 1);
    }

    /// <inheritdoc/>
    public override SequenceHead CreateSequenceHead(BackboneModel backbone, ModelHead task, int outputs) => task switch
    {
        ModelHead.SequenceClassification or ModelHead.MultipleChoice => new DenseSequenceHead(backbone, outputs, "albert.pooler", "classifier", "tanh", 0, ClassifierDropout, InitializerRange),
        ModelHead.Embedding => new PoolerHead(backbone, "pooler", InitializerRange),
        _ => throw NoHead(task),
    };

    /// <inheritdoc/>
    public override TokenHead CreateTokenHead(BackboneModel backbone, ModelHead task, int outputs) => task == ModelHead.MaskedToken
        ? CreateVocabularyHead(backbone, Activation, new("predictions.dense", "predictions.LayerNorm", "predictions.decoder", "predictions.bias"))
        : base.CreateTokenHead(backbone, task, outputs);

    internal override string BlockName(int block) => $"encoder.albert_layer_groups.{block / BlocksPerLayer}.albert_layers.{block % BlocksPerLayer}";

    private protected override BertFamilyConfig WithShape(ConfigReader reader)
    {
        // Of the first release's training.
        reader.Ignore("down_scale_factor", "gap_size", "net_structure_type", "num_memory_blocks");
        return (AlbertConfig)WithBertKeys(reader).WithClassifierDropout(reader, "classifier_dropout_prob") with
        {
            EmbeddingWidth = reader.Int32("embedding_size", EmbeddingWidth),
            Segments = reader.Int32("type_vocab_size", Segments),
            Groups = reader.Int32("num_hidden_groups", Groups),
            BlocksPerLayer = reader.Int32("inner_group_num", BlocksPerLayer),
        };
    }

    private protected override void WriteShape(JsonObject json)
    {
        WriteBertKeys(json);
        WriteClassifierDropout(json, "classifier_dropout_prob");
        json["embedding_size"] = EmbeddingWidth;
        json["type_vocab_size"] = Segments;
        json["num_hidden_groups"] = Groups;
        json["inner_group_num"] = BlocksPerLayer;
    }
}
