using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.T5;

/// <summary>The numbers that fix the shape of a T5 (1.0, 1.1, Flan-T5). Defaults are those of the smallest published model, t5-small.</summary>
public sealed record T5Config : ModelConfig
{
    /// <summary>The defaults: padding has the id 0, 1 ends a text.</summary>
    public T5Config()
    {
        (Padding, EndOfText, ClassifierDropout) = (0, [1], 0);
    }

    /// <inheritdoc/>
    public override string Family => "t5";

    /// <summary>How many tokens the model knows (<c>vocab_size</c>); default 32,128; at least 1.</summary>
    public override int VocabularySize { get; init; } = 32128;

    /// <summary>T5 knows any number of positions: they are relative. Neither it nor the reference looks at <c>n_positions</c>.</summary>
    public override int MaximumLength
    {
        get => int.MaxValue;
        init => Require.Argument(value == int.MaxValue, $"T5's positions are relative, it has no maximal length; received {value}. Cut the texts instead.", nameof(MaximumLength));
    }

    /// <summary>Size of the hidden states (<c>d_model</c>); default 512; at least 1.</summary>
    public override int Width { get; init; } = 512;

    /// <summary>Numbers an attention head (<c>d_kv</c>); default 64; at least 1. <see cref="Heads"/> * <see cref="HeadSize"/> need not be <see cref="Width"/>.</summary>
    public int HeadSize { get; init; } = 64;

    /// <summary>Size between the matrices of the feed-forward part (<c>d_ff</c>); default 2,048; at least 1.</summary>
    public int InnerWidth { get; init; } = 2048;

    /// <summary>How many encoder layers (<c>num_layers</c>); default 6; from 1 to 65,536.</summary>
    public int EncoderLayers { get; init; } = 6;

    /// <summary>How many decoder layers (<c>num_decoder_layers</c>); default 6; from 1 to 65,536.</summary>
    public int DecoderLayers { get; init; } = 6;

    /// <summary>How many attention heads a layer (<c>num_heads</c>); default 8; at least 1.</summary>
    public int Heads { get; init; } = 8;

    /// <summary>How many buckets relative positions have (<c>relative_attention_num_buckets</c>); default 32; at least 4.</summary>
    public int PositionBuckets { get; init; } = 32;

    /// <summary>From this distance on, all share a bucket (<c>relative_attention_max_distance</c>); default 128; more than half of <see cref="PositionBuckets"/>.</summary>
    public int MaximumDistance { get; init; } = 128;

    /// <summary>Dropout everywhere but before a classifier (<c>dropout_rate</c>); default 0.1; from 0 to less than 1.</summary>
    public double Dropout { get; init; } = 0.1;

    /// <summary>Added to the mean square in norms (<c>layer_norm_epsilon</c>); default 1e-6; greater than 0.</summary>
    public double NormEpsilon { get; init; } = 1e-6;

    /// <summary>Factor on the deviation of all initial weights, and the initial factor of norms (<c>initializer_factor</c>); default 1; at least 0.</summary>
    public double InitializerFactor { get; init; } = 1;

    /// <summary>Activation of the feed-forward part, a name that <see cref="Layers.Activation"/> knows (<c>dense_act_fn</c>, or by <c>feed_forward_proj</c>, whose "gated-gelu" means "gelu_new"); default "relu".</summary>
    public string Activation { get; init; } = "relu";

    /// <summary>Whether the activation gates a second projection (<c>is_gated_act</c>, or "gated-" in <c>feed_forward_proj</c>), as in T5 1.1; default false.</summary>
    public bool IsGated { get; init; }

    /// <summary>Whether the output head is the token embedding (<c>tie_word_embeddings</c>); default true; T5 1.1 and Flan-T5 have a head of their own.</summary>
    public bool TieEmbeddings { get; init; } = true;

    /// <summary>Whether the decoder's output is divided by the square root of <see cref="Width"/> before the head (<c>scale_decoder_outputs</c>; where that is missing, the value of <c>tie_word_embeddings</c>); default true.</summary>
    public bool ScaleDecoderOutputs { get; init; } = true;

    /// <summary>The token that written texts begin with (<c>decoder_start_token_id</c>; where that is missing, <c>pad_token_id</c>); default 0.</summary>
    public int DecoderStart { get; init; }

    /// <summary>Whether there is a decoder (<c>is_encoder_decoder</c>, and by <c>architectures</c>); default true. The encoder alone reads texts for classes of tokens and for embeddings.</summary>
    public bool HasDecoder { get; init; } = true;

    internal override double HeadDeviation => InitializerFactor / Math.Sqrt(Width);

    internal override long StoredLayers => EncoderLayers + (HasDecoder ? DecoderLayers : 0L);

    internal override double MatrixNumbers
    {
        get
        {
            double attention = 4.0 * Width * Heads * HeadSize, feedForward = (IsGated ? 3.0 : 2.0) * Width * InnerWidth;
            double encoder = EncoderLayers * (attention + feedForward);
            double decoder = HasDecoder ? DecoderLayers * ((2 * attention) + feedForward) : 0;
            return ((HasDecoder && !TieEmbeddings ? 2.0 : 1.0) * Width * VocabularySize) + encoder + decoder;
        }
    }

    /// <inheritdoc/>
    public override ModelActivations Activations(ActivationShape shape) => T5Activations.Of(this, shape);

    /// <inheritdoc/>
    public override void Validate()
    {
        Require.AtLeast(VocabularySize, 1);
        Require.AtLeast(Width, 1);
        Require.AtLeast(HeadSize, 1);
        Require.AtLeast(InnerWidth, 1);
        Require.Within(EncoderLayers, 1, ConfigReader.MostLayers);
        Require.Within(DecoderLayers, HasDecoder ? 1 : 0, ConfigReader.MostLayers);
        Require.AtLeast(Heads, 1);
        Require.AtLeast(PositionBuckets, 4);
        Require.AtLeast(MaximumDistance, (PositionBuckets / 2) + 1);
        _ = Layers.Activation.ByName(Activation);
        Require.Below(Dropout, 0.0, 1.0);
        Require.Below(ClassifierDropout, 0.0, 1.0);
        Require.Positive(NormEpsilon);
        Require.NotNegative(InitializerFactor);
        Require.Below(DecoderStart, 0, VocabularySize);
    }

    /// <inheritdoc/>
    public override BackboneModel CreateBackbone(Device? device = null, ScalarType dtype = ScalarType.Float32) =>
        HasDecoder ? new T5Model(this, device, dtype) : new T5EncoderModel(this, device, dtype);

    /// <inheritdoc/>
    /// <remarks>Every T5 has an encoder; where there is a decoder, it is left out.</remarks>
    public override EncoderModel CreateEncoder(Device? device = null, ScalarType dtype = ScalarType.Float32) => new T5EncoderModel(this with { HasDecoder = false }, device, dtype);

    /// <inheritdoc/>
    /// <remarks>Classes of tokens and embeddings are read from the encoder alone (Hugging Face's T5ForTokenClassification and T5EncoderModel, which Sentence-T5 is made of).</remarks>
    public override BackboneModel CreateBackboneFor(ModelHead task, Device? device = null, ScalarType dtype = ScalarType.Float32) =>
        task is ModelHead.TokenClassification or ModelHead.Embedding ? CreateEncoder(device, dtype) : CreateBackbone(device, dtype);

    /// <inheritdoc/>
    /// <remarks>Reads the text with the encoder and, shifted, with the decoder, whose hidden state at the last end token is classified (Hugging Face's T5ForSequenceClassification).</remarks>
    public override SequenceHead CreateSequenceHead(BackboneModel backbone, ModelHead task, int outputs) =>
        task == ModelHead.SequenceClassification && HasDecoder ? new EndTokenHead(backbone, outputs, ClassifierDropout, HeadDeviation) : throw NoHead(task);

    /// <inheritdoc/>
    /// <remarks>Answers are found in the decoder's hidden states, classes of tokens in those of the encoder alone (Hugging Face's T5ForQuestionAnswering and T5ForTokenClassification).</remarks>
    public override TokenHead CreateTokenHead(BackboneModel backbone, ModelHead task, int outputs) => task switch
    {
        ModelHead.QuestionAnswering when HasDecoder => new LinearTokenHead(backbone, outputs, "qa_outputs", standardDeviation: HeadDeviation),
        ModelHead.TokenClassification when !HasDecoder => new LinearTokenHead(backbone, outputs, "classifier", ClassifierDropout, InitializerFactor),
        ModelHead.TokenClassification => throw new NotSupportedException("T5 classifies tokens with its encoder alone. Take the backbone of CreateBackboneFor(ModelHead.TokenClassification); it reads the same checkpoint."),
        _ => throw NoHead(task),
    };

    /// <summary>Reads the content of a <c>config.json</c>; keys that are missing get their defaults.</summary>
    /// <exception cref="InvalidDataException">A value is not of the kind that its key demands.</exception>
    public static T5Config FromJson(JsonObject json)
    {
        ConfigReader reader = new(json);
        T5Config defaults = new();
        reader.Default("pad_token_id", 0);
        reader.Default("eos_token_id", 1);
        int layers = reader.LayerCount("num_layers", defaults.EncoderLayers);
        bool isTied = reader.Boolean("tie_word_embeddings", true);
        (string activation, bool isGated) = Projection(reader.Text("feed_forward_proj", "relu"));
        T5Config config = new()
        {
            VocabularySize = reader.Int32("vocab_size", defaults.VocabularySize),
            Width = reader.Int32("d_model", defaults.Width),
            HeadSize = reader.Int32("d_kv", defaults.HeadSize),
            InnerWidth = reader.Int32("d_ff", defaults.InnerWidth),
            EncoderLayers = layers,
            DecoderLayers = reader.LayerCount("num_decoder_layers", layers, least: 0),
            Heads = reader.Int32("num_heads", defaults.Heads),
            PositionBuckets = reader.Int32("relative_attention_num_buckets", defaults.PositionBuckets),
            MaximumDistance = reader.Int32("relative_attention_max_distance", defaults.MaximumDistance),
            Dropout = reader.Double("dropout_rate", defaults.Dropout),
            ClassifierDropout = reader.Double("classifier_dropout", defaults.ClassifierDropout),
            NormEpsilon = reader.Double("layer_norm_epsilon", defaults.NormEpsilon),
            InitializerFactor = reader.Double("initializer_factor", defaults.InitializerFactor),
            Activation = reader.Text("dense_act_fn", activation),
            IsGated = reader.Boolean("is_gated_act", isGated),
            TieEmbeddings = isTied,
            ScaleDecoderOutputs = reader.Boolean("scale_decoder_outputs", isTied),
            HasDecoder = reader.Boolean("is_encoder_decoder", true) && !(json["architectures"] is JsonArray names && names.Any(name => name?.ToString() is "T5EncoderModel" or "T5ForTokenClassification")),
        };
        int? start = reader.OptionalInt32("decoder_start_token_id");
        reader.MustBe("is_decoder", "false");
        reader.MustBe("hidden_size", $"{config.Width}");
        reader.MustBe("num_attention_heads", $"{config.Heads}");
        reader.MustBe("num_hidden_layers", $"{config.EncoderLayers}");
        reader.MustBe("head_dim", $"{config.HeadSize}");
        reader.Ignore("n_positions", "max_position_embeddings");
        config = (T5Config)config.WithCommonKeys(reader);
        return config with { DecoderStart = start ?? config.Padding ?? 0 };

        static (string Activation, bool IsGated) Projection(string text) => text.Split('-') switch
        {
            ["gated", "gelu"] => ("gelu_new", true),
            ["gated", string name] => (name, true),
            [string name] => (name, false),
            _ => throw new InvalidDataException($"config.json: 'feed_forward_proj' must be the name of an activation, or \"gated-\" and such a name; found \"{ConfigReader.Cut(text)}\"."),
        };
    }

    /// <inheritdoc/>
    public override JsonObject ToJson(ModelHead head)
    {
        JsonObject json = new()
        {
            ["architectures"] = new JsonArray(head switch
            {
                ModelHead.SequenceClassification => "T5ForSequenceClassification",
                ModelHead.TokenClassification => "T5ForTokenClassification",
                ModelHead.QuestionAnswering => "T5ForQuestionAnswering",
                _ => HasDecoder ? "T5ForConditionalGeneration" : "T5EncoderModel",
            }),
            ["model_type"] = Family,
            ["vocab_size"] = VocabularySize,
            ["d_model"] = Width,
            ["d_kv"] = HeadSize,
            ["d_ff"] = InnerWidth,
            ["num_layers"] = EncoderLayers,
            ["num_decoder_layers"] = DecoderLayers,
            ["num_heads"] = Heads,
            ["relative_attention_num_buckets"] = PositionBuckets,
            ["relative_attention_max_distance"] = MaximumDistance,
            ["dropout_rate"] = Dropout,
            ["classifier_dropout"] = ClassifierDropout,
            ["layer_norm_epsilon"] = NormEpsilon,
            ["initializer_factor"] = InitializerFactor,
            ["feed_forward_proj"] = IsGated ? $"gated-{(Activation == "gelu_new" ? "gelu" : Activation)}" : Activation,
            ["dense_act_fn"] = Activation,
            ["is_gated_act"] = IsGated,
            ["tie_word_embeddings"] = TieEmbeddings,
            ["scale_decoder_outputs"] = ScaleDecoderOutputs,
            ["is_encoder_decoder"] = HasDecoder,
            ["decoder_start_token_id"] = DecoderStart,
        };
        WriteCommonKeys(json, head);
        return json;
    }

    /// <summary>
    /// Newer versions of the reference call every head tied, save one that is not beside the embedding all the same, and read it so. Where the outputs are scaled, a head in the file is the
    /// embedding once more, as the oldest checkpoints have it.
    /// </summary>
    internal override ModelConfig For(IReadOnlySet<string> tensors) => TieEmbeddings && !ScaleDecoderOutputs && tensors.Contains(T5WeightNames.HeadName) ? this with { TieEmbeddings = false } : this;
}
