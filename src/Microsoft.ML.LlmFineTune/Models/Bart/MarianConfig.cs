using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Models.Bart;

/// <summary>The numbers that fix the shape of a Marian translation model. Defaults are those of the reference's configuration class; <see cref="BartPresets.OpusMt"/> is what is published.</summary>
public sealed record MarianConfig : BartFamilyConfig
{
    private const string ForcedEnd = "forced_eos_token_id";

    /// <summary>The defaults: padding, which texts also begin with, has the id 58,100, 0 ends a text.</summary>
    public MarianConfig()
    {
        (VocabularySize, Padding, DecoderStart, EndOfText, ClassifierDropout) = (58101, 58100, 58100, [0], 0);
        OtherKeys = new Dictionary<string, JsonElement> { [ForcedEnd] = JsonSerializer.SerializeToElement(0) };
    }

    /// <inheritdoc/>
    public override string Family => "marian";

    /// <summary>How many tokens the decoder knows where it has an embedding of its own (<c>decoder_vocab_size</c>); default null: as many as the encoder.</summary>
    public int? DecoderVocabularySize { get; init; }

    /// <summary>Whether encoder and decoder have one embedding (<c>share_encoder_decoder_embeddings</c>); default true.</summary>
    public bool ShareEmbeddings { get; init; } = true;

    internal override int TargetVocabularySize => ShareEmbeddings ? VocabularySize : DecoderVocabularySize ?? VocabularySize;

    internal override bool SharesEmbeddings => ShareEmbeddings;

    internal override bool LearnsPositions => false;

    internal override bool NormalizesEmbeddings => false;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        if (DecoderVocabularySize is int size) Require.AtLeast(size, 1, nameof(DecoderVocabularySize));
    }

    /// <inheritdoc/>
    public override SequenceHead CreateSequenceHead(BackboneModel backbone, ModelHead task, int outputs) => throw NoHead(task);

    /// <inheritdoc/>
    public override TokenHead CreateTokenHead(BackboneModel backbone, ModelHead task, int outputs) => throw NoHead(task);

    /// <summary>Reads the content of a <c>config.json</c>; keys that are missing get their defaults.</summary>
    /// <exception cref="InvalidDataException">A value is not of the kind that its key demands.</exception>
    public static MarianConfig FromJson(JsonObject json)
    {
        ConfigReader reader = new(json);
        reader.Default("pad_token_id", 58100);
        reader.Default("eos_token_id", 0);
        reader.Default(ForcedEnd, 0);
        MarianConfig config = (MarianConfig)new MarianConfig().WithFamilyKeys(reader) with
        {
            DecoderVocabularySize = reader.OptionalInt32("decoder_vocab_size"),
            ShareEmbeddings = reader.Boolean("share_encoder_decoder_embeddings", true),
        };
        // Positions are computed: there are no rows before the first.
        reader.Ignore("extra_pos_embeddings");
        return (MarianConfig)config.WithCommonKeys(reader);
    }

    /// <inheritdoc/>
    public override JsonObject ToJson(ModelHead head)
    {
        JsonObject json = FamilyJson(head is ModelHead.None or ModelHead.Embedding ? "MarianModel" : "MarianMTModel");
        json["decoder_vocab_size"] = TargetVocabularySize;
        json["share_encoder_decoder_embeddings"] = ShareEmbeddings;
        WriteCommonKeys(json, head);
        return json;
    }
}
