using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Bert;

/// <summary>The numbers that fix the shape of BERT and of the encoders that descend from it. Each derived record is a published model with its own spelling, heads and defaults.</summary>
public abstract record BertFamilyConfig : ModelConfig
{
    /// <summary>For the models of the family.</summary>
    private protected BertFamilyConfig()
    {
    }

    /// <summary>How many tokens the model knows (<c>vocab_size</c>); at least 1.</summary>
    public override int VocabularySize { get; init; } = 30522;

    /// <summary>How many positions a text may have (<c>max_position_embeddings</c>, without those that models with padding positions set aside); default 512; at least 1.</summary>
    public override int MaximumLength { get; init; } = 512;

    /// <summary>Size of the hidden states (<c>hidden_size</c>); default 768; a multiple of <see cref="Heads"/>.</summary>
    public override int Width { get; init; } = 768;

    /// <summary>How many layers (<c>num_hidden_layers</c>); default 12; from 1 to 65,536.</summary>
    public int Layers { get; init; } = 12;

    /// <summary>How many attention heads a layer (<c>num_attention_heads</c>); default 12; at least 1.</summary>
    public int Heads { get; init; } = 12;

    /// <summary>Size between the two matrices of the feed-forward part (<c>intermediate_size</c>); default 3,072; at least 1.</summary>
    public int InnerWidth { get; init; } = 3072;

    /// <summary>Activation of the feed-forward part (<c>hidden_act</c>), a name that <see cref="Layers.Activation"/> knows; default "gelu".</summary>
    public string Activation { get; init; } = "gelu";

    /// <summary>Dropout on embeddings and on what each part adds to the stream (<c>hidden_dropout_prob</c>); default 0.1; from 0 to less than 1.</summary>
    public double HiddenDropout { get; init; } = 0.1;

    /// <summary>Dropout on attention weights (<c>attention_probs_dropout_prob</c>); default 0.1; from 0 to less than 1.</summary>
    public double AttentionDropout { get; init; } = 0.1;

    /// <summary>Dropout before a classifier (<c>classifier_dropout</c>); until it is set, that of <see cref="HiddenDropout"/>; from 0 to less than 1.</summary>
    public override double ClassifierDropout
    {
        get => OwnClassifierDropout ?? HiddenDropout;
        init => OwnClassifierDropout = value;
    }

    /// <summary>Added to the variance in layer norms (<c>layer_norm_eps</c>); greater than 0.</summary>
    public double NormEpsilon { get; init; } = 1e-12;

    /// <summary>Standard deviation of the initial weights (<c>initializer_range</c>); default 0.02; at least 0.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Whether a masked language model scores with the token embedding (<c>tie_word_embeddings</c>); default true.</summary>
    public bool TieEmbeddings { get; init; } = true;

    /// <summary>What checkpoints of models with heads put before the backbone's names, for example "bert.".</summary>
    internal abstract string Prefix { get; }

    /// <summary>What checkpoints call the parts of a layer.</summary>
    internal virtual BertBlockNames BlockNames => BertBlockNames.Bert;

    /// <summary>What checkpoints call a block, by its number.</summary>
    internal virtual string BlockName(int block) => $"encoder.layer.{block}";

    /// <summary>What checkpoints call the layer from <see cref="TableWidth"/> to <see cref="ModelConfig.Width"/>; null where there is none.</summary>
    internal virtual string? ProjectionName => null;

    /// <summary>The beginning of the names of Hugging Face's classes.</summary>
    internal abstract string ClassName { get; }

    /// <summary>Size of a row of the embeddings.</summary>
    internal virtual int TableWidth => Width;

    /// <summary>How many segments the model tells apart; 0: it knows none.</summary>
    internal abstract int SegmentCount { get; }

    /// <summary>Id of padding, where positions are counted over what is not padding and begin behind that id; null: they are counted from 0 over all.</summary>
    internal virtual int? PositionPadding => null;

    /// <summary>Whether positions are sines and cosines that are not trained.</summary>
    internal virtual bool FixedPositions => false;

    /// <summary>Id whose row of the token embedding lookups do not train; null: none.</summary>
    internal virtual int? TokenPadding => Padding;

    /// <summary>Rows of the table of relative positions; null: there is none.</summary>
    internal virtual int? RelativeBuckets => null;

    /// <summary>Distance from which on relative positions are alike.</summary>
    internal virtual int FarthestPosition => 128;

    /// <summary>How many blocks have weights of their own.</summary>
    internal virtual int BlockCount => Layers;

    /// <summary>The block of each layer.</summary>
    internal virtual IEnumerable<int> BlockOrder => Enumerable.Range(0, Layers);

    /// <summary>Dropout on what attention adds to the stream.</summary>
    internal virtual double AttentionOutputDropout => HiddenDropout;

    /// <summary>Dropout on what the feed-forward part adds to the stream.</summary>
    internal virtual double FeedForwardDropout => HiddenDropout;

    /// <summary>Rows of the position table.</summary>
    internal int PositionRows => MaximumLength + ReservedPositions;

    private double? OwnClassifierDropout { get; init; }

    internal override double HeadDeviation => InitializerRange;

    internal override long StoredLayers => BlockCount;

    internal override double MatrixNumbers =>
        TableWidth * (1.0 * VocabularySize + PositionRows + SegmentCount) + BlockCount * (4.0 * Width * Width + 2.0 * Width * InnerWidth) + (ProjectionName is null ? 0 : 1.0 * TableWidth * Width);

    /// <summary>Positions that no text uses: those up to the padding id.</summary>
    private protected int ReservedPositions => PositionPadding is int padding ? padding + 1 : 0;

    /// <inheritdoc/>
    public override ModelActivations Activations(ActivationShape shape) => BertActivations.Of(this, shape);

    /// <inheritdoc/>
    public override void Validate()
    {
        Require.AtLeast(VocabularySize, 1);
        Require.AtLeast(MaximumLength, 1);
        Require.AtLeast(Width, 1);
        Require.Within(Layers, 1, ConfigReader.MostLayers);
        Require.AtLeast(Heads, 1);
        Require.Argument(Width % Heads == 0, $"Width must be a multiple of Heads; received {Width} and {Heads}.", nameof(Width));
        Require.AtLeast(InnerWidth, 1);
        Require.NotNegative(SegmentCount);
        if (Padding is int padding) Require.Below(padding, 0, VocabularySize, nameof(Padding));
        _ = Microsoft.ML.LlmFineTune.Layers.Activation.ByName(Activation);
        Require.Below(HiddenDropout, 0.0, 1.0);
        Require.Below(AttentionDropout, 0.0, 1.0);
        Require.Below(ClassifierDropout, 0.0, 1.0);
        Require.Positive(NormEpsilon);
        Require.NotNegative(InitializerRange);
    }

    /// <inheritdoc/>
    public override BertModel CreateBackbone(Device? device = null, ScalarType dtype = ScalarType.Float32) => new(this, device, dtype);

    /// <inheritdoc/>
    public override JsonObject ToJson(ModelHead head)
    {
        JsonObject json = new()
        {
            ["architectures"] = new JsonArray(ClassName + head switch
            {
                ModelHead.MaskedToken => "ForMaskedLM",
                ModelHead.ReplacedToken => "ForPreTraining",
                ModelHead.SequenceClassification => "ForSequenceClassification",
                ModelHead.TokenClassification => "ForTokenClassification",
                ModelHead.QuestionAnswering => "ForQuestionAnswering",
                ModelHead.MultipleChoice => "ForMultipleChoice",
                _ => "Model",
            }),
            ["model_type"] = Family,
        };
        WriteShape(json);
        json["tie_word_embeddings"] = TieEmbeddings;
        WriteCommonKeys(json, head);
        return json;
    }

    /// <summary>Reads the keys of the shape, in the model's spelling.</summary>
    private protected abstract BertFamilyConfig WithShape(ConfigReader reader);

    /// <summary>Writes the keys of the shape, in the model's spelling.</summary>
    private protected abstract void WriteShape(JsonObject json);

    /// <summary>Reads the content of a <c>config.json</c>; keys that are missing keep the values of this record.</summary>
    private protected BertFamilyConfig WithJson(JsonObject json)
    {
        ConfigReader reader = new(json);
        // These are encoders. Relative positions inside the attention were an experiment of few checkpoints.
        reader.MustBe("is_decoder", "false", "null");
        reader.MustBe("position_embedding_type", "\"absolute\"", "null");
        // The special tokens have defaults, other than in most families; a null is a null. The shape may depend on them.
        BertFamilyConfig named = this with
        {
            BeginOfText = json.ContainsKey("bos_token_id") ? reader.OptionalInt32("bos_token_id") : BeginOfText,
            EndOfText = json.ContainsKey("eos_token_id") ? reader.OneOrManyInt32("eos_token_id") : EndOfText,
            Padding = json.ContainsKey("pad_token_id") ? reader.OptionalInt32("pad_token_id") : Padding,
        };
        BertFamilyConfig shape = named.WithShape(reader) with { TieEmbeddings = reader.Boolean("tie_word_embeddings", TieEmbeddings) };
        return (BertFamilyConfig)(shape.WithCommonKeys(reader) with { BeginOfText = named.BeginOfText, EndOfText = named.EndOfText, Padding = named.Padding });
    }

    /// <summary>Reads the shape in BERT's own spelling.</summary>
    private protected BertFamilyConfig WithBertKeys(ConfigReader reader)
    {
        return this with
        {
            VocabularySize = reader.Int32("vocab_size", VocabularySize),
            MaximumLength = reader.Int32("max_position_embeddings", PositionRows) - ReservedPositions,
            Width = reader.Int32("hidden_size", Width),
            Layers = reader.LayerCount("num_hidden_layers", Layers),
            Heads = reader.Int32("num_attention_heads", Heads),
            InnerWidth = reader.Int32("intermediate_size", InnerWidth),
            Activation = reader.Text("hidden_act", Activation),
            HiddenDropout = reader.Double("hidden_dropout_prob", HiddenDropout),
            AttentionDropout = reader.Double("attention_probs_dropout_prob", AttentionDropout),
            NormEpsilon = reader.Double("layer_norm_eps", NormEpsilon),
            InitializerRange = reader.Double("initializer_range", InitializerRange),
        };
    }

    /// <summary>Writes the shape in BERT's own spelling.</summary>
    private protected void WriteBertKeys(JsonObject json)
    {
        json["vocab_size"] = VocabularySize;
        json["max_position_embeddings"] = PositionRows;
        json["hidden_size"] = Width;
        json["num_hidden_layers"] = Layers;
        json["num_attention_heads"] = Heads;
        json["intermediate_size"] = InnerWidth;
        json["hidden_act"] = Activation;
        json["hidden_dropout_prob"] = HiddenDropout;
        json["attention_probs_dropout_prob"] = AttentionDropout;
        json["layer_norm_eps"] = NormEpsilon;
        json["initializer_range"] = InitializerRange;
    }

    /// <summary>Reads <see cref="ClassifierDropout"/> under its key: a null is that of <see cref="HiddenDropout"/>, a missing key leaves it as it is.</summary>
    internal BertFamilyConfig WithClassifierDropout(ConfigReader reader, string key) => reader.Rest.ContainsKey(key) ? this with { OwnClassifierDropout = reader.OptionalDouble(key) } : this;

    /// <summary>Writes <see cref="ClassifierDropout"/> under its key: null until it is set.</summary>
    private protected void WriteClassifierDropout(JsonObject json, string key) => json[key] = OwnClassifierDropout;

    /// <summary>The head of a masked language model.</summary>
    private protected VocabularyHead CreateVocabularyHead(BackboneModel backbone, string activation, VocabularyHeadNames names) =>
        new(backbone, TableWidth, TieEmbeddings ? () => ((BertModel)backbone).TokenTable : null, activation, NormEpsilon, names, InitializerRange);
}
