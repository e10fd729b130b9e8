using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Bart;

/// <summary>What the shapes of BART and Marian have in common: an encoder-decoder with biases and norms after each part.</summary>
public abstract record BartFamilyConfig : ModelConfig
{
    /// <summary>How many tokens the model knows (<c>vocab_size</c>); at least 1.</summary>
    public override int VocabularySize { get; init; } = 50265;

    /// <summary>How many positions source and target may have (<c>max_position_embeddings</c>); default 1,024; at least 1.</summary>
    public override int MaximumLength { get; init; } = 1024;

    /// <summary>Size of the hidden states (<c>d_model</c>); default 1,024; a multiple of both numbers of heads.</summary>
    public override int Width { get; init; } = 1024;

    /// <summary>How many encoder layers (<c>encoder_layers</c>); default 12; from 1 to 65,536.</summary>
    public int EncoderLayers { get; init; } = 12;

    /// <summary>How many attention heads an encoder layer (<c>encoder_attention_heads</c>); default 16; at least 1.</summary>
    public int EncoderHeads { get; init; } = 16;

    /// <summary>Size between the two matrices of an encoder layer's feed-forward part (<c>encoder_ffn_dim</c>); default 4,096; at least 1.</summary>
    public int EncoderInnerWidth { get; init; } = 4096;

    /// <summary>How many decoder layers (<c>decoder_layers</c>); default 12; from 1 to 65,536.</summary>
    public int DecoderLayers { get; init; } = 12;

    /// <summary>How many attention heads a decoder layer (<c>decoder_attention_heads</c>); default 16; at least 1.</summary>
    public int DecoderHeads { get; init; } = 16;

    /// <summary>Size between the two matrices of a decoder layer's feed-forward part (<c>decoder_ffn_dim</c>); default 4,096; at least 1.</summary>
    public int DecoderInnerWidth { get; init; } = 4096;

    /// <summary>Activation of the feed-forward part (<c>activation_function</c>), a name that <see cref="Layers.Activation"/> knows; default "gelu".</summary>
    public string Activation { get; init; } = "gelu";

    /// <summary>Dropout on the embeddings and on what each part adds to the stream (<c>dropout</c>); default 0.1; from 0 to less than 1.</summary>
    public double Dropout { get; init; } = 0.1;

    /// <summary>Dropout on attention weights (<c>attention_dropout</c>); default 0; from 0 to less than 1.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>Dropout after the activation (<c>activation_dropout</c>); default 0; from 0 to less than 1.</summary>
    public double ActivationDropout { get; init; }

    /// <summary>Probability with which training leaves a whole encoder layer out (<c>encoder_layerdrop</c>; Fan et al.: "Reducing Transformer Depth on Demand with Structured Dropout", 2019); default 0; from 0 to less than 1.</summary>
    public double EncoderLayerDrop { get; init; }

    /// <summary>Probability with which training leaves a whole decoder layer out (<c>decoder_layerdrop</c>); default 0; from 0 to less than 1.</summary>
    public double DecoderLayerDrop { get; init; }

    /// <summary>Standard deviation of the initial weights (<c>init_std</c>); default 0.02; at least 0.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Whether embedded tokens are multiplied by the square root of <see cref="Width"/> (<c>scale_embedding</c>); default false.</summary>
    public bool ScaleEmbedding { get; init; }

    /// <summary>Whether the output head is the decoder's token embedding (<c>tie_word_embeddings</c>); default true.</summary>
    public bool TieEmbeddings { get; init; } = true;

    /// <summary>The token that written texts begin with (<c>decoder_start_token_id</c>).</summary>
    public int DecoderStart { get; init; } = 2;

    /// <summary>How many tokens the decoder knows.</summary>
    internal virtual int TargetVocabularySize => VocabularySize;

    /// <summary>Whether encoder and decoder have one embedding.</summary>
    internal virtual bool SharesEmbeddings => true;

    /// <summary>Whether positions are learned; else they are sines and cosines.</summary>
    internal abstract bool LearnsPositions { get; }

    /// <summary>Whether the sum of the embeddings is normalised.</summary>
    internal abstract bool NormalizesEmbeddings { get; }

    internal override double HeadDeviation => InitializerRange;

    internal override long StoredLayers => (long)EncoderLayers + DecoderLayers;

    internal override double MatrixNumbers
    {
        get
        {
            double attention = 4.0 * Width * Width;
            double encoder = EncoderLayers * (attention + (2.0 * Width * EncoderInnerWidth)), decoder = DecoderLayers * ((2 * attention) + (2.0 * Width * DecoderInnerWidth));
            double tables = VocabularySize + ((SharesEmbeddings ? 0.0 : 1.0) + (TieEmbeddings ? 0.0 : 1.0)) * TargetVocabularySize + (LearnsPositions ? 2.0 * MaximumLength : 0.0);
            return (Width * tables) + encoder + decoder;
        }
    }

    /// <inheritdoc/>
    public override ModelActivations Activations(ActivationShape shape) => BartActivations.Of(this, shape);

    /// <inheritdoc/>
    public override void Validate()
    {
        Require.AtLeast(VocabularySize, 1);
        Require.AtLeast(MaximumLength, 1);
        Require.AtLeast(Width, 2);
        Require.Within(EncoderLayers, 1, ConfigReader.MostLayers);
        Require.AtLeast(EncoderHeads, 1);
        Require.AtLeast(EncoderInnerWidth, 1);
        Require.Within(DecoderLayers, 1, ConfigReader.MostLayers);
        Require.AtLeast(DecoderHeads, 1);
        Require.AtLeast(DecoderInnerWidth, 1);
        Require.Argument(Width % EncoderHeads == 0 && Width % DecoderHeads == 0, $"Width must be a multiple of EncoderHeads and DecoderHeads; received {Width}, {EncoderHeads} and {DecoderHeads}.", nameof(Width));
        _ = Microsoft.ML.LlmFineTune.Layers.Activation.ByName(Activation);
        Require.Below(Dropout, 0.0, 1.0);
        Require.Below(AttentionDropout, 0.0, 1.0);
        Require.Below(ActivationDropout, 0.0, 1.0);
        Require.Below(ClassifierDropout, 0.0, 1.0);
        Require.Below(EncoderLayerDrop, 0.0, 1.0);
        Require.Below(DecoderLayerDrop, 0.0, 1.0);
        Require.NotNegative(InitializerRange);
        Require.Below(DecoderStart, 0, TargetVocabularySize);
        if (Padding is int padding) Require.Below(padding, 0, VocabularySize, nameof(Padding));
    }

    /// <inheritdoc/>
    public override BartModel CreateBackbone(Device? device = null, ScalarType dtype = ScalarType.Float32) => new(this, device, dtype);

    /// <summary>Fills in what both families have in their files; keys that are missing keep the values that they have here.</summary>
    private protected BartFamilyConfig WithFamilyKeys(ConfigReader reader)
    {
        BartFamilyConfig config = this with
        {
            VocabularySize = reader.Int32("vocab_size", VocabularySize),
            MaximumLength = reader.Int32("max_position_embeddings", MaximumLength),
            Width = reader.Int32("d_model", Width),
            EncoderLayers = reader.LayerCount("encoder_layers", EncoderLayers),
            EncoderHeads = reader.Int32("encoder_attention_heads", EncoderHeads),
            EncoderInnerWidth = reader.Int32("encoder_ffn_dim", EncoderInnerWidth),
            DecoderLayers = reader.LayerCount("decoder_layers", DecoderLayers),
            DecoderHeads = reader.Int32("decoder_attention_heads", DecoderHeads),
            DecoderInnerWidth = reader.Int32("decoder_ffn_dim", DecoderInnerWidth),
            Activation = reader.Text("activation_function", Activation),
            Dropout = reader.Double("dropout", Dropout),
            AttentionDropout = reader.Double("attention_dropout", AttentionDropout),
            ActivationDropout = reader.Double("activation_dropout", ActivationDropout),
            ClassifierDropout = reader.Double("classifier_dropout", ClassifierDropout),
            EncoderLayerDrop = reader.Double("encoder_layerdrop", EncoderLayerDrop),
            DecoderLayerDrop = reader.Double("decoder_layerdrop", DecoderLayerDrop),
            InitializerRange = reader.Double("init_std", InitializerRange),
            ScaleEmbedding = reader.Boolean("scale_embedding", ScaleEmbedding),
            TieEmbeddings = reader.Boolean("tie_word_embeddings", TieEmbeddings),
            DecoderStart = reader.Int32("decoder_start_token_id", DecoderStart),
        };
        reader.MustBe("is_decoder", "false");
        reader.MustBe("is_encoder_decoder", "true");
        reader.MustBe("hidden_size", $"{config.Width}");
        reader.MustBe("num_attention_heads", $"{config.EncoderHeads}");
        // What the first versions of the reference could also do under the name of BART.
        foreach (string key in (string[])["add_bias_logits", "add_final_layer_norm", "do_blenderbot_90_layernorm", "normalize_before"]) reader.MustBe(key, "false");
        reader.MustBe("normalize_embedding", NormalizesEmbeddings ? "true" : "false");
        reader.MustBe("static_position_embeddings", LearnsPositions ? "false" : "true");
        // How many layers there are is said by the keys above; the last is for generation.
        reader.Ignore("classif_dropout", "num_hidden_layers", "force_bos_token_to_be_generated");
        return config;
    }

    /// <summary>The content of <c>config.json</c> but for what only one of the families has.</summary>
    private protected JsonObject FamilyJson(string architecture) => new()
    {
        ["architectures"] = new JsonArray(architecture),
        ["model_type"] = Family,
        ["vocab_size"] = VocabularySize,
        ["max_position_embeddings"] = MaximumLength,
        ["d_model"] = Width,
        ["encoder_layers"] = EncoderLayers,
        ["encoder_attention_heads"] = EncoderHeads,
        ["encoder_ffn_dim"] = EncoderInnerWidth,
        ["decoder_layers"] = DecoderLayers,
        ["decoder_attention_heads"] = DecoderHeads,
        ["decoder_ffn_dim"] = DecoderInnerWidth,
        ["activation_function"] = Activation,
        ["dropout"] = Dropout,
        ["attention_dropout"] = AttentionDropout,
        ["activation_dropout"] = ActivationDropout,
        ["classifier_dropout"] = ClassifierDropout,
        ["encoder_layerdrop"] = EncoderLayerDrop,
        ["decoder_layerdrop"] = DecoderLayerDrop,
        ["init_std"] = InitializerRange,
        ["scale_embedding"] = ScaleEmbedding,
        ["tie_word_embeddings"] = TieEmbeddings,
        ["is_encoder_decoder"] = true,
        ["decoder_start_token_id"] = DecoderStart,
    };
}
