using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Models.Heads;

namespace Microsoft.ML.LlmFineTune.Models.Bert;

/// <summary>
/// MPNet (Song et al.: "MPNet: Masked and Permuted Pre-training for Language Understanding", 2020): BERT with relative positions beside the learned ones, which one table gives to all layers, and without segments.
/// Defaults are those of Hugging Face's configuration class.
/// </summary>
public sealed record MpnetConfig : BertFamilyConfig
{
    // The reference has these for every model, whatever its configuration says.
    private const int PaddingId = 1;
    private const int Buckets = 32;

    private static readonly BertBlockNames Names = BertBlockNames.Bert with
    {
        Query = "attention.attn.q", Key = "attention.attn.k", Value = "attention.attn.v", AttentionOutput = "attention.attn.o", AttentionNorm = "attention.LayerNorm",
    };

    /// <summary>The defaults.</summary>
    public MpnetConfig() => (VocabularySize, MaximumLength, BeginOfText, Padding, EndOfText) = (30527, 510, 0, PaddingId, [2]);

    /// <inheritdoc/>
    public override string Family => "mpnet";

    internal override string Prefix => "mpnet.";

    internal override string ClassName => "MPNet";

    internal override BertBlockNames BlockNames => Names;

    internal override int SegmentCount => 0;

    internal override int? PositionPadding => PaddingId;

    internal override int? TokenPadding => PaddingId;

    internal override int? RelativeBuckets => Buckets;

    /// <summary>Reads the content of a <c>config.json</c>; keys that are missing get their defaults.</summary>
    /// <exception cref="InvalidDataException">A value is not of the kind that its key demands.</exception>
    public static MpnetConfig FromJson(JsonObject json) => (MpnetConfig)new MpnetConfig().WithJson(json);

    /// <inheritdoc/>
    public override SequenceHead CreateSequenceHead(BackboneModel backbone, ModelHead task, int outputs) => task switch
    {
        ModelHead.SequenceClassification => new DenseSequenceHead(backbone, outputs, "classifier.dense", "classifier.out_proj", "tanh", ClassifierDropout, ClassifierDropout, InitializerRange),
        ModelHead.MultipleChoice => new DenseSequenceHead(backbone, outputs, "mpnet.pooler.dense", "classifier", "tanh", 0, ClassifierDropout, InitializerRange),
        ModelHead.Embedding => new PoolerHead(backbone, "pooler.dense", InitializerRange),
        _ => throw NoHead(task),
    };

    /// <inheritdoc/>
    public override TokenHead CreateTokenHead(BackboneModel backbone, ModelHead task, int outputs) => task == ModelHead.MaskedToken
        ? CreateVocabularyHead(backbone, "gelu", new("lm_head.dense", "lm_head.layer_norm", "lm_head.decoder", "lm_head.bias"))
        : base.CreateTokenHead(backbone, task, outputs);

    private protected override BertFamilyConfig WithShape(ConfigReader reader)
    {
        reader.MustBe("relative_attention_num_buckets", "32");
        return WithBertKeys(reader);
    }

    private protected override void WriteShape(JsonObject json)
    {
        WriteBertKeys(json);
        json["relative_attention_num_buckets"] = Buckets;
    }
}
