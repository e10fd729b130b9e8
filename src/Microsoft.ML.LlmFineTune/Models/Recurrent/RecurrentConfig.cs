using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Models.Heads;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Recurrent;

/// <summary>
/// The numbers that fix a recurrent model's shape, in a schema of the library's own (docs/recurrent.md): RNNs, LSTMs and GRUs as torch has them, with AWD-LSTM's
/// regularisation (Merity, Keskar, Socher: "Regularizing and optimizing LSTM language models", 2017).
/// </summary>
public sealed record RecurrentConfig : ModelConfig
{
    // Two directions of it are a width, too.
    private const int MostWidth = int.MaxValue / 2;

    private static readonly Dictionary<RecurrentCell, string> CellNames = new()
    {
        [RecurrentCell.Tanh] = "rnn_tanh", [RecurrentCell.Relu] = "rnn_relu", [RecurrentCell.Gru] = "gru", [RecurrentCell.Lstm] = "lstm",
    };

    private static readonly Dictionary<ModelHead, string> HeadNames = new()
    {
        [ModelHead.NextToken] = "lm", [ModelHead.SequenceClassification] = "classify", [ModelHead.TokenClassification] = "tag", [ModelHead.QuestionAnswering] = "answer", [ModelHead.MultipleChoice] = "choose", [ModelHead.None] = "none",
    };

    /// <inheritdoc/>
    public override string Family => "recurrent";

    /// <summary>The cell (<c>cell</c>: rnn_tanh, rnn_relu, gru, lstm); default LSTM.</summary>
    public RecurrentCell Cell { get; init; } = RecurrentCell.Lstm;

    /// <summary>Whether the model has a decoder and continues texts (<c>head</c> is "lm"); default true. Others read texts for a head.</summary>
    public bool IsLanguageModel { get; init; } = true;

    /// <summary>How many tokens the model knows (<c>vocab_size</c>); default 10,000; at least 1.</summary>
    public override int VocabularySize { get; init; } = 10000;

    /// <summary>Size of the embedding (<c>embedding_size</c>); default 256; from 1 to 1,073,741,823.</summary>
    public int EmbeddingWidth { get; init; } = 256;

    /// <summary>Size of each direction's state (<c>hidden_size</c>); default 512; from 1 to 1,073,741,823. With <see cref="TieEmbeddings"/> the last layer has <see cref="EmbeddingWidth"/> instead.</summary>
    public int HiddenWidth { get; init; } = 512;

    /// <summary>How many layers (<c>num_layers</c>); default 2; from 1 to 65,536.</summary>
    public int Layers { get; init; } = 2;

    /// <summary>Whether each layer also reads from the right (<c>bidirectional</c>); default false. Language models cannot.</summary>
    public bool IsBidirectional { get; init; }

    /// <summary>Whether layers have biases (<c>bias</c>); default true. Decoder and classifier always have.</summary>
    public bool HasBias { get; init; } = true;

    /// <summary>Whether the decoder's matrix is the embedding (<c>tied</c>); default false. The last layer then is as wide as the embedding, as in AWD-LSTM; the decoder's bias is its own.</summary>
    public bool TieEmbeddings { get; init; }

    /// <summary>Id whose row of the embedding gets no gradient from being looked up, and begins at zero (<c>padding_idx</c>); default null: none.</summary>
    public int? PaddingIndex { get; init; }

    /// <summary>
    /// Tokens of a text that training, scoring and classifying take at a time where they are told no other number (<c>context_length</c>); default 512; at least 1.
    /// It limits nothing else: the model has no positions, reads texts of any length, and generation never forgets.
    /// </summary>
    public override int MaximumLength { get; init; } = 512;

    /// <summary>Probability that a word is dropped wherever it stands in the batch (<c>embedding_dropout</c>); default 0; from 0 to less than 1.</summary>
    public double EmbeddingDropout { get; init; }

    /// <summary>Dropout on what the first layer reads, one mask for all steps (<c>input_dropout</c>); default 0; from 0 to less than 1.</summary>
    public double InputDropout { get; init; }

    /// <summary>Dropout between layers, one mask for all steps (<c>hidden_dropout</c>); default 0; from 0 to less than 1.</summary>
    public double HiddenDropout { get; init; }

    /// <summary>Dropout on the last layer's states, one mask for all steps (<c>output_dropout</c>); default 0; from 0 to less than 1.</summary>
    public double OutputDropout { get; init; }

    /// <summary>Probability that a number of a state matrix is dropped, one mask a forward pass (<c>weight_drop</c>); default 0; from 0 to less than 1.</summary>
    public double WeightDrop { get; init; }

    /// <summary>Embedding and decoder begin with draws from minus this to this (<c>initializer_range</c>); default 0.1; at least 0. Layers begin as torch's do.</summary>
    public double InitializerRange { get; init; } = 0.1;

    /// <summary>Size of the states that come out: both directions of the last layer. It follows from the other sizes and is not set.</summary>
    /// <exception cref="NotSupportedException">It was set.</exception>
    public override int Width
    {
        get => Directions * WidthOf(Layers - 1);
        init => throw new NotSupportedException($"A recurrent model's width follows from {nameof(HiddenWidth)}, {nameof(IsBidirectional)} and {nameof(TieEmbeddings)}; set these.");
    }

    /// <summary>1, or 2 for a model that reads both ways.</summary>
    internal int Directions => IsBidirectional ? 2 : 1;

    internal override int GenerationLength => int.MaxValue;

    internal override long StoredLayers => Layers;

    internal override double MatrixNumbers => ((double)VocabularySize * EmbeddingWidth * (IsLanguageModel && !TieEmbeddings ? 1 + ((double)Width / EmbeddingWidth) : 1))
        + Directions * Recurrence.GatesOf(Cell) * LayerNumbers();

    /// <summary>Size of the states of one direction of a layer.</summary>
    /// <param name="layer">From 0.</param>
    public int WidthOf(int layer) => TieEmbeddings && layer == Layers - 1 ? EmbeddingWidth : HiddenWidth;

    /// <summary>Size of what a layer reads.</summary>
    /// <param name="layer">From 0.</param>
    public int InputWidthOf(int layer) => layer == 0 ? EmbeddingWidth : Directions * WidthOf(layer - 1);

    /// <inheritdoc/>
    public override ModelActivations Activations(ActivationShape shape) => RecurrentActivations.Of(this, shape);

    /// <inheritdoc/>
    public override void Validate()
    {
        Require.AtLeast(VocabularySize, 1);
        Require.Within(EmbeddingWidth, 1, MostWidth);
        Require.Within(HiddenWidth, 1, MostWidth);
        Require.Within(Layers, 1, ConfigReader.MostLayers);
        Require.AtLeast(MaximumLength, 1);
        Require.Argument(Enum.IsDefined(Cell), $"Cell must be one of {string.Join(", ", Enum.GetNames<RecurrentCell>())}; received {Cell}.", nameof(Cell));
        Require.Argument(!IsBidirectional || (!IsLanguageModel && !TieEmbeddings), "A language model reads from left to right: with IsBidirectional, IsLanguageModel and TieEmbeddings must be false.", nameof(IsBidirectional));
        if (PaddingIndex is int padding) Require.Below(padding, 0, VocabularySize, nameof(PaddingIndex));
        Require.Below(EmbeddingDropout, 0.0, 1.0);
        Require.Below(InputDropout, 0.0, 1.0);
        Require.Below(HiddenDropout, 0.0, 1.0);
        Require.Below(OutputDropout, 0.0, 1.0);
        Require.Below(WeightDrop, 0.0, 1.0);
        Require.Below(ClassifierDropout, 0.0, 1.0);
        Require.NotNegative(InitializerRange);
    }

    /// <inheritdoc/>
    public override BackboneModel CreateBackbone(Device? device = null, ScalarType dtype = ScalarType.Float32) =>
        IsLanguageModel ? new RecurrentLanguageModel(this, device, dtype) : new RecurrentEncoder(this, device, dtype);

    /// <inheritdoc/>
    public override SequenceHead CreateSequenceHead(BackboneModel backbone, ModelHead task, int outputs) => new RecurrentClassifierHead(backbone, outputs);

    /// <summary>Reads the content of a <c>config.json</c>; keys that are missing get their defaults.</summary>
    /// <exception cref="InvalidDataException">A value is not of the kind that its key demands.</exception>
    public static RecurrentConfig FromJson(JsonObject json)
    {
        ConfigReader reader = new(json);
        RecurrentConfig defaults = new();
        RecurrentConfig config = new()
        {
            Cell = Named(CellNames, "cell", reader.Text("cell", CellNames[defaults.Cell])),
            IsLanguageModel = Named(HeadNames, "head", reader.Text("head", HeadNames[ModelHead.NextToken])) == ModelHead.NextToken,
            VocabularySize = reader.Int32("vocab_size", defaults.VocabularySize),
            EmbeddingWidth = reader.Int32("embedding_size", defaults.EmbeddingWidth),
            HiddenWidth = reader.Int32("hidden_size", defaults.HiddenWidth),
            Layers = reader.LayerCount("num_layers", defaults.Layers),
            IsBidirectional = reader.Boolean("bidirectional", defaults.IsBidirectional),
            HasBias = reader.Boolean("bias", defaults.HasBias),
            TieEmbeddings = reader.Boolean("tied", defaults.TieEmbeddings),
            PaddingIndex = reader.OptionalInt32("padding_idx"),
            MaximumLength = reader.Int32("context_length", defaults.MaximumLength),
            EmbeddingDropout = reader.Double("embedding_dropout", defaults.EmbeddingDropout),
            InputDropout = reader.Double("input_dropout", defaults.InputDropout),
            HiddenDropout = reader.Double("hidden_dropout", defaults.HiddenDropout),
            OutputDropout = reader.Double("output_dropout", defaults.OutputDropout),
            WeightDrop = reader.Double("weight_drop", defaults.WeightDrop),
            InitializerRange = reader.Double("initializer_range", defaults.InitializerRange),
            ClassifierDropout = reader.Double("classifier_dropout", defaults.ClassifierDropout),
        };
        ModelConfig common = config.WithCommonKeys(reader);
        return (RecurrentConfig)(common with { Padding = common.Padding ?? config.PaddingIndex });
    }

    /// <inheritdoc/>
    public override JsonObject ToJson(ModelHead head)
    {
        JsonObject json = new()
        {
            ["model_type"] = Family,
            ["cell"] = CellNames[Cell],
            ["head"] = HeadNames[head],
            ["vocab_size"] = VocabularySize,
            ["embedding_size"] = EmbeddingWidth,
            ["hidden_size"] = HiddenWidth,
            ["num_layers"] = Layers,
            ["bidirectional"] = IsBidirectional,
            ["bias"] = HasBias,
            ["tied"] = TieEmbeddings,
            ["num_labels"] = Labels.Count > 0 ? Labels.Count : null,
            ["padding_idx"] = PaddingIndex,
            ["context_length"] = MaximumLength,
            ["embedding_dropout"] = EmbeddingDropout,
            ["input_dropout"] = InputDropout,
            ["hidden_dropout"] = HiddenDropout,
            ["output_dropout"] = OutputDropout,
            ["weight_drop"] = WeightDrop,
            ["initializer_range"] = InitializerRange,
        };
        WriteTokenDropout(json, head);
        WriteCommonKeys(json, head);
        return json;
    }

    private double LayerNumbers()
    {
        double numbers = WidthOf(Layers - 1) * ((double)InputWidthOf(Layers - 1) + WidthOf(Layers - 1));
        if (Layers > 1) numbers += HiddenWidth * ((double)EmbeddingWidth + HiddenWidth);
        // Those between the first and the last are alike.
        return numbers + (Math.Max(0.0, Layers - 2.0) * HiddenWidth * ((Directions * (double)HiddenWidth) + HiddenWidth));
    }

    private static TValue Named<TValue>(Dictionary<TValue, string> names, string key, string found) where TValue : notnull
    {
        foreach ((TValue value, string name) in names)
        {
            if (name == found) return value;
        }
        throw new InvalidDataException($"config.json: '{key}' must be one of {string.Join(", ", names.Values)}; found {ConfigReader.Cut(found)}.");
    }
}
