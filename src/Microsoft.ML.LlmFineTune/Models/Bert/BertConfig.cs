using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Models.Heads;

namespace Microsoft.ML.LlmFineTune.Models.Bert;

/// <summary>BERT, and the models distilled from it that kept its form, MiniLM among them (<c>model_type</c> bert). Defaults are those of the published uncased base model.</summary>
public sealed record BertConfig : BertFamilyConfig
{
    /// <summary>The defaults.</summary>
    public BertConfig() => Padding = 0;

    /// <inheritdoc/>
    public override string Family => "bert";

    /// <summary>How many segments the model tells apart (<c>type_vocab_size</c>); default 2; at least 1.</summary>
    public int Segments { get; init; } = 2;

    internal override string Prefix => "bert.";

    internal override string ClassName => "Bert";

    internal override int SegmentCount => Segments;

    /// <summary>Reads the content of a <c>config.json</c>; keys that are missing get their defaults.</summary>
    /// <exception cref="InvalidDataException">A value is not of the kind that its key demands.</exception>
    public static BertConfig FromJson(JsonObject json) => (BertConfig)new BertConfig().WithJson(json);

    /// <inheritdoc/>
    public override SequenceHead CreateSequenceHead(BackboneModel backbone, ModelHead task, int outputs) => task switch
    {
        ModelHead.SequenceClassification or ModelHead.MultipleChoice => new DenseSequenceHead(backbone, outputs, "bert.pooler.dense", "classifier", "tanh", 0, ClassifierDropout, InitializerRange),
        ModelHead.Embedding => new PoolerHead(backbone, "pooler.dense", InitializerRange),
        _ => throw NoHead(task),
    };

    /// <inheritdoc/>
    public override TokenHead CreateTokenHead(BackboneModel backbone, ModelHead task, int outputs) => task == ModelHead.MaskedToken
        ? CreateVocabularyHead(backbone, Activation, new("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.decoder", "cls.predictions.bias"))
        : base.CreateTokenHead(backbone, task, outputs);

    private protected override BertFamilyConfig WithShape(ConfigReader reader)
    {
        // Of the pooler of an early release; no model of this form reads them.
        reader.Ignore("directionality", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head", "pooler_type");
        return (BertConfig)WithBertKeys(reader).WithClassifierDropout(reader, "classifier_dropout") with { Segments = reader.Int32("type_vocab_size", Segments) };
    }

    private protected override void WriteShape(JsonObject json)
    {
        WriteBertKeys(json);
        WriteClassifierDropout(json, "classifier_dropout");
        json["type_vocab_size"] = Segments;
    }
}
