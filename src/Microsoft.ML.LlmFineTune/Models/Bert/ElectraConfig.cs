using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Models.Bert;

/// <summary>
/// ELECTRA, its generator and its discriminator (Clark et al.: "ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators", 2020). Embeddings may be narrower than hidden states.
/// Defaults are those of the published small discriminator.
/// </summary>
public sealed record ElectraConfig : BertFamilyConfig
{
    /// <summary>The defaults.</summary>
    public ElectraConfig() => (Width, Heads, InnerWidth, Padding) = (256, 4, 1024, 0);

    /// <inheritdoc/>
    public override string Family => "electra";

    /// <summary>Size of a row of the embeddings (<c>embedding_size</c>); default 128; at least 1. Where it differs from the width, a layer projects them.</summary>
    public int EmbeddingWidth { get; init; } = 128;

    /// <summary>How many segments the model tells apart (<c>type_vocab_size</c>); default 2; at least 1.</summary>
    public int Segments { get; init; } = 2;

    /// <summary>Activation of the head that chooses among continuations (<c>summary_activation</c>), a name that <see cref="Layers.Activation"/> knows; default "gelu".</summary>
    public string ChoiceActivation { get; init; } = "gelu";

    /// <summary>Dropout at the beginning of the head that chooses among continuations (<c>summary_first_dropout</c>); default 0; from 0 to less than 1.</summary>
    public double ChoiceFirstDropout { get; init; }

    /// <summary>Dropout before the scores of the head that chooses among continuations (<c>summary_last_dropout</c>); default 0.1; from 0 to less than 1.</summary>
    public double ChoiceLastDropout { get; init; } = 0.1;

    internal override string Prefix => "electra.";

    internal override string ClassName => "Electra";

    internal override int SegmentCount => Segments;

    internal override int TableWidth => EmbeddingWidth;

    internal override string? ProjectionName => EmbeddingWidth == Width ? null : "embeddings_project";

    /// <summary>Reads the content of a <c>config.json</c>; keys that are missing get their defaults.</summary>
    /// <exception cref="InvalidDataException">A value is not of the kind that its key demands.</exception>
    public static ElectraConfig FromJson(JsonObject json) => (ElectraConfig)new ElectraConfig().WithJson(json);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.AtLeast(EmbeddingWidth, 1);
        Require.AtLeast(Segments, 1);
        _ = Microsoft.ML.LlmFineTune.Layers.Activation.ByName(ChoiceActivation);
        Require.Below(ChoiceFirstDropout, 0.0, 1.0);
        Require.Below(ChoiceLastDropout, 0.0, 1.0);
    }

    /// <inheritdoc/>
    public override SequenceHead CreateSequenceHead(BackboneModel backbone, ModelHead task, int outputs) => task switch
    {
        ModelHead.SequenceClassification => new DenseSequenceHead(backbone, outputs, "classifier.dense", "classifier.out_proj", "gelu", ClassifierDropout, ClassifierDropout, InitializerRange),
        ModelHead.MultipleChoice => new DenseSequenceHead(backbone, outputs, "sequence_summary.summary", "classifier", ChoiceActivation, ChoiceFirstDropout, ChoiceLastDropout, InitializerRange),
        _ => throw NoHead(task),
    };

    /// <inheritdoc/>
    public override TokenHead CreateTokenHead(BackboneModel backbone, ModelHead task, int outputs) => task switch
    {
        ModelHead.MaskedToken => CreateVocabularyHead(backbone, "gelu", new("generator_predictions.dense", "generator_predictions.LayerNorm", "generator_lm_head", "generator_lm_head.bias")),
        ModelHead.ReplacedToken => new DenseTokenHead(backbone, outputs, "discriminator_predictions.dense", "discriminator_predictions.dense_prediction", Activation, InitializerRange),
        _ => base.CreateTokenHead(backbone, task, outputs),
    };

    private protected override BertFamilyConfig WithShape(ConfigReader reader)
    {
        // How multiple choice sums a text up; every published model has these.
        reader.MustBe("summary_type", "\"first\"");
        reader.MustBe("summary_use_proj", "true");
        reader.MustBe("summary_proj_to_labels", "false", "null");
        return (ElectraConfig)WithBertKeys(reader).WithClassifierDropout(reader, "classifier_dropout") with
        {
            EmbeddingWidth = reader.Int32("embedding_size", EmbeddingWidth),
            Segments = reader.Int32("type_vocab_size", Segments),
            ChoiceActivation = reader.Rest.TryGetValue("summary_activation", out var activation) && activation.ValueKind == System.Text.Json.JsonValueKind.Null ? "linear" : reader.Text("summary_activation", ChoiceActivation),
            ChoiceFirstDropout = reader.Double("summary_first_dropout", ChoiceFirstDropout),
            ChoiceLastDropout = reader.Double("summary_last_dropout", ChoiceLastDropout),
        };
    }

    private protected override void WriteShape(JsonObject json)
    {
        WriteBertKeys(json);
        WriteClassifierDropout(json, "classifier_dropout");
        json["embedding_size"] = EmbeddingWidth;
        json["type_vocab_size"] = Segments;
        json["summary_type"] = "first";
        json["summary_use_proj"] = true;
        json["summary_activation"] = ChoiceActivation;
        if (ChoiceFirstDropout > 0) json["summary_first_dropout"] = ChoiceFirstDropout;
        json["summary_last_dropout"] = ChoiceLastDropout;
    }
}
