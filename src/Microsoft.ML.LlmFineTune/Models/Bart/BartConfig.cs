using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Models.Bart;

/// <summary>The numbers that fix the shape of a BART. Defaults are those of the published large model: 12 + 12 layers, 16 heads, width 1,024, 50,265 tokens.</summary>
public sealed record BartConfig : BartFamilyConfig
{
    /// <summary>How many rows of a table of positions stand before the first position.</summary>
    internal const int PositionOffset = 2;

    private const string ForcedEnd = "forced_eos_token_id";

    /// <summary>The defaults: 0 begins a text, 1 is padding, 2 ends a text, and is forced to where generation has no room left.</summary>
    public BartConfig()
    {
        (BeginOfText, Padding, EndOfText, ClassifierDropout) = (0, 1, [2], 0);
        OtherKeys = new Dictionary<string, JsonElement> { [ForcedEnd] = JsonSerializer.SerializeToElement(2) };
    }

    /// <inheritdoc/>
    public override string Family => "bart";

    /// <summary>
    /// Whether encoder and decoder have embeddings of their own; default false. No key says it: the reference has them since its version 5 where <see cref="BartFamilyConfig.TieEmbeddings"/> is false, and a checkpoint that
    /// has both is read so.
    /// </summary>
    public bool HasSeparateEmbeddings { get; init; }

    internal override bool SharesEmbeddings => !HasSeparateEmbeddings;

    internal override bool LearnsPositions => true;

    internal override bool NormalizesEmbeddings => true;

    /// <inheritdoc/>
    /// <remarks>Reads the text with the encoder and, shifted, with the decoder, whose hidden state at the last end token is classified (Hugging Face's BartForSequenceClassification).</remarks>
    public override SequenceHead CreateSequenceHead(BackboneModel backbone, ModelHead task, int outputs) =>
        task == ModelHead.SequenceClassification ? new EndTokenHead(backbone, outputs, ClassifierDropout, InitializerRange) : throw NoHead(task);

    /// <inheritdoc/>
    /// <remarks>Answers are found in the decoder's hidden states (Hugging Face's BartForQuestionAnswering).</remarks>
    public override TokenHead CreateTokenHead(BackboneModel backbone, ModelHead task, int outputs) =>
        task == ModelHead.QuestionAnswering ? new LinearTokenHead(backbone, outputs, "qa_outputs", standardDeviation: InitializerRange) : throw NoHead(task);

    /// <summary>Reads the content of a <c>config.json</c>; keys that are missing get their defaults.</summary>
    /// <exception cref="InvalidDataException">A value is not of the kind that its key demands.</exception>
    public static BartConfig FromJson(JsonObject json)
    {
        ConfigReader reader = new(json);
        reader.Default("bos_token_id", 0);
        reader.Default("pad_token_id", 1);
        reader.Default("eos_token_id", 2);
        reader.Default(ForcedEnd, 2);
        BartConfig config = (BartConfig)new BartConfig().WithFamilyKeys(reader);
        reader.MustBe("extra_pos_embeddings", $"{PositionOffset}");
        return (BartConfig)config.WithCommonKeys(reader);
    }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require.Argument(!HasSeparateEmbeddings || !TieEmbeddings, "Encoder and decoder of a BART have embeddings of their own only where the head has its own, too: set TieEmbeddings to false, or HasSeparateEmbeddings.", nameof(HasSeparateEmbeddings));
    }

    internal override ModelConfig For(IReadOnlySet<string> tensors) => TieEmbeddings ? this : this with { HasSeparateEmbeddings = BartWeightNames.HasSeparateEmbeddings(tensors) };

    /// <inheritdoc/>
    public override JsonObject ToJson(ModelHead head)
    {
        JsonObject json = FamilyJson(head switch
        {
            ModelHead.SequenceClassification => "BartForSequenceClassification",
            ModelHead.QuestionAnswering => "BartForQuestionAnswering",
            ModelHead.None or ModelHead.Embedding => "BartModel",
            _ => "BartForConditionalGeneration",
        });
        WriteCommonKeys(json, head);
        return json;
    }
}
