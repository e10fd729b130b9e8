using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Models.Bert;

/// <summary>
/// DistilBERT (Sanh et al.: "DistilBERT, a distilled version of BERT", 2019): half of BERT's layers, no segments, a spelling of its own. Defaults are those of the published base models.
/// <see cref="BertFamilyConfig.ClassifierDropout"/> is that before a classifier of texts (<c>seq_classif_dropout</c>); a classifier of tokens has <see cref="BertFamilyConfig.HiddenDropout"/>.
/// </summary>
public sealed record DistilBertConfig : BertFamilyConfig
{
    private static readonly BertBlockNames Names = new(
        "attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin", "sa_layer_norm", "ffn.lin1", "ffn.lin2", "output_layer_norm");

    /// <summary>The defaults.</summary>
    public DistilBertConfig() => (Layers, Padding, ClassifierDropout) = (6, 0, 0.2);

    /// <inheritdoc/>
    public override string Family => "distilbert";

    /// <summary>Dropout before the head that finds answers (<c>qa_dropout</c>); default 0.1; from 0 to less than 1.</summary>
    public double AnswerDropout { get; init; } = 0.1;

    /// <summary>Whether positions are sines and cosines, which are not trained (<c>sinusoidal_pos_embds</c>); default false. Checkpoints store them all the same.</summary>
    public bool SinusoidalPositions { get; init; }

    internal override string Prefix => "distilbert.";

    internal override string ClassName => "DistilBert";

    internal override BertBlockNames BlockNames => Names;

    internal override int SegmentCount => 0;

    internal override bool FixedPositions => SinusoidalPositions;

    internal override double AttentionOutputDropout => 0;

    /// <summary>Reads the content of a <c>config.json</c>; keys that are missing get their defaults.</summary>
    /// <exception cref="InvalidDataException">A value is not of the kind that its key demands.</exception>
    public static DistilBertConfig FromJson(JsonObject json) => (DistilBertConfig)new DistilBertConfig().WithJson(json);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Below(AnswerDropout, 0.0, 1.0);
    }

    /// <inheritdoc/>
    public override SequenceHead CreateSequenceHead(BackboneModel backbone, ModelHead task, int outputs) => task is ModelHead.SequenceClassification or ModelHead.MultipleChoice
        ? new DenseSequenceHead(backbone, outputs, "pre_classifier", "classifier", "relu", 0, ClassifierDropout, InitializerRange)
        : throw NoHead(task);

    /// <inheritdoc/>
    public override TokenHead CreateTokenHead(BackboneModel backbone, ModelHead task, int outputs) => task switch
    {
        ModelHead.MaskedToken => CreateVocabularyHead(backbone, Activation, new("vocab_transform", "vocab_layer_norm", "vocab_projector", "vocab_projector.bias")),
        ModelHead.TokenClassification => new LinearTokenHead(backbone, outputs, "classifier", HiddenDropout, InitializerRange),
        ModelHead.QuestionAnswering => new LinearTokenHead(backbone, outputs, "qa_outputs", AnswerDropout, InitializerRange),
        _ => throw NoHead(task),
    };

    internal override string BlockName(int block) => $"transformer.layer.{block}";

    private protected override BertFamilyConfig WithShape(ConfigReader reader)
    {
        // Of the first release's training.
        reader.Ignore("tie_weights_");
        DistilBertConfig config = this with
        {
            VocabularySize = reader.Int32("vocab_size", VocabularySize),
            MaximumLength = reader.Int32("max_position_embeddings", MaximumLength),
            Width = reader.Int32("dim", Width),
            Layers = reader.LayerCount("n_layers", Layers),
            Heads = reader.Int32("n_heads", Heads),
            InnerWidth = reader.Int32("hidden_dim", InnerWidth),
            Activation = reader.Text("activation", Activation),
            HiddenDropout = reader.Double("dropout", HiddenDropout),
            AttentionDropout = reader.Double("attention_dropout", AttentionDropout),
            InitializerRange = reader.Double("initializer_range", InitializerRange),
            SinusoidalPositions = reader.Boolean("sinusoidal_pos_embds", SinusoidalPositions),
            AnswerDropout = reader.Double("qa_dropout", AnswerDropout),
        };
        return config.WithClassifierDropout(reader, "seq_classif_dropout");
    }

    private protected override void WriteShape(JsonObject json)
    {
        json["vocab_size"] = VocabularySize;
        json["max_position_embeddings"] = MaximumLength;
        json["dim"] = Width;
        json["n_layers"] = Layers;
        json["n_heads"] = Heads;
        json["hidden_dim"] = InnerWidth;
        json["activation"] = Activation;
        json["dropout"] = HiddenDropout;
        json["attention_dropout"] = AttentionDropout;
        json["initializer_range"] = InitializerRange;
        json["sinusoidal_pos_embds"] = SinusoidalPositions;
        json["qa_dropout"] = AnswerDropout;
        WriteClassifierDropout(json, "seq_classif_dropout");
    }
}
