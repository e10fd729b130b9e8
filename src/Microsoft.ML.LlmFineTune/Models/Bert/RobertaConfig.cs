using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Models.Bert;

/// <summary>
/// RoBERTa (Liu et al.: "RoBERTa: A Robustly Optimized BERT Pretraining Approach", 2019) and the models of its form: XLM-RoBERTa (Conneau et al., 2020), CamemBERT (Martin et al., 2020).
/// Positions are counted over what is not padding and begin behind the padding id. Defaults are those of Hugging Face's configuration class.
/// </summary>
public sealed record RobertaConfig : BertFamilyConfig
{
    private static readonly Dictionary<string, string> ClassNames = new(StringComparer.Ordinal) { ["roberta"] = "Roberta", ["xlm-roberta"] = "XLMRoberta", ["camembert"] = "Camembert" };

    /// <summary>The defaults.</summary>
    /// <param name="family">The <c>model_type</c>: roberta, xlm-roberta or camembert.</param>
    /// <exception cref="ArgumentException">The name is another one.</exception>
    public RobertaConfig(string family = "roberta")
    {
        Require.Argument(ClassNames.ContainsKey(Require.NotNull(family)), $"The model must be one of {string.Join(", ", ClassNames.Keys)}; received '{family}'.", nameof(family));
        Family = family;
        (BeginOfText, Padding, EndOfText) = (0, 1, [2]);
        VocabularySize = family == "roberta" ? 50265 : 30522;
        MaximumLength = 510;
    }

    /// <inheritdoc/>
    public override string Family { get; }

    /// <summary>How many segments the model tells apart (<c>type_vocab_size</c>); default 2, though published models have 1; at least 1.</summary>
    public int Segments { get; init; } = 2;

    internal override string Prefix => "roberta.";

    internal override string ClassName => ClassNames[Family];

    internal override int SegmentCount => Segments;

    internal override int? PositionPadding => Padding;

    /// <summary>Reads the content of a <c>config.json</c>; keys that are missing get their defaults.</summary>
    /// <exception cref="InvalidDataException">A value is not of the kind that its key demands.</exception>
    public static RobertaConfig FromJson(JsonObject json) => (RobertaConfig)new RobertaConfig(Require.NotNull(json)["model_type"]?.ToString() ?? "roberta").WithJson(json);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Argument(Padding is not null, $"{Family} counts positions from the padding id (pad_token_id), so it must have one; received none.", nameof(Padding));
        Require.AtLeast(Segments, 1);
    }

    /// <inheritdoc/>
    public override SequenceHead CreateSequenceHead(BackboneModel backbone, ModelHead task, int outputs) => task switch
    {
        ModelHead.SequenceClassification => new DenseSequenceHead(backbone, outputs, "classifier.dense", "classifier.out_proj", "tanh", ClassifierDropout, ClassifierDropout, InitializerRange),
        ModelHead.MultipleChoice => new DenseSequenceHead(backbone, outputs, "roberta.pooler.dense", "classifier", "tanh", 0, HiddenDropout, InitializerRange),
        ModelHead.Embedding => new PoolerHead(backbone, "pooler.dense", InitializerRange),
        _ => throw NoHead(task),
    };

    /// <inheritdoc/>
    public override TokenHead CreateTokenHead(BackboneModel backbone, ModelHead task, int outputs) => task == ModelHead.MaskedToken
        ? CreateVocabularyHead(backbone, "gelu", new("lm_head.dense", "lm_head.layer_norm", "lm_head.decoder", "lm_head.bias"))
        : base.CreateTokenHead(backbone, task, outputs);

    private protected override BertFamilyConfig WithShape(ConfigReader reader) =>
        (RobertaConfig)WithBertKeys(reader).WithClassifierDropout(reader, "classifier_dropout") with { Segments = reader.Int32("type_vocab_size", Segments) };

    private protected override void WriteShape(JsonObject json)
    {
        WriteBertKeys(json);
        WriteClassifierDropout(json, "classifier_dropout");
        json["type_vocab_size"] = Segments;
    }
}
