using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models.Heads;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>The numbers that fix a model's shape: what <c>config.json</c> holds. Each family derives its own.</summary>
public abstract record ModelConfig
{
    internal const string PoolingKey = "pooling";

    private const string DecoderKind = "a decoder, which continues texts";
    private const string EncoderKind = "an encoder, which reads texts as a whole";
    private const string EncoderDecoderKind = "an encoder-decoder, which writes one text from another";
    private const double UsualTokenDropout = 0.1;

    /// <summary>The family's name in <c>config.json</c> (<c>model_type</c>), for example "gpt2".</summary>
    public abstract string Family { get; }

    /// <summary>How many tokens the model knows; at least 1.</summary>
    public abstract int VocabularySize { get; init; }

    /// <summary>How many positions the model knows; at least 1.</summary>
    public abstract int MaximumLength { get; init; }

    /// <summary>Size of the hidden states.</summary>
    public abstract int Width { get; init; }

    /// <summary>Id of the token that begins a text; null for none.</summary>
    public int? BeginOfText { get; init; }

    /// <summary>Ids of the tokens that end a text; empty for none. Generation stops at any of them.</summary>
    public IReadOnlyList<int> EndOfText { get; init; } = [];

    /// <summary>Id of the token that fills rows up; null for none.</summary>
    public int? Padding { get; init; }

    /// <summary>Names of the classes, in the order of their ids; empty for a model without a classification head.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>
    /// What a text classifier's head looks at; default null: what the family's published classifiers do (decoders: the last token). Written as <c>pooling</c>, which Hugging Face does not know, only when it is not null.
    /// </summary>
    public Pooling? Pooling { get; init; }

    /// <summary>Dropout before a token classifier's head (<c>classifier_dropout</c>); default 0.1; from 0 to less than 1.</summary>
    public virtual double ClassifierDropout { get; init; } = UsualTokenDropout;

    /// <summary>What a text classifier's outputs mean (<c>problem_type</c>); default: one class a text.</summary>
    public ClassificationProblem Problem { get; init; }

    /// <summary>Keys of <c>config.json</c> that do not change what the model computes; they are written back as they were.</summary>
    public IReadOnlyDictionary<string, JsonElement> OtherKeys { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>Those of <see cref="OtherKeys"/> that the family does not know: worth a word to the user.</summary>
    public IReadOnlyList<string> UnknownKeys { get; init; } = [];

    /// <summary>What the checkpoint's <c>generation_config.json</c> said, all of it; empty where there was none. It is written back; <see cref="EndOfText"/> is what is said of end tokens.</summary>
    public IReadOnlyDictionary<string, JsonElement> GenerationKeys { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>Standard deviation of a new head's weights.</summary>
    internal virtual double HeadDeviation => 0.02;

    /// <summary>Positions that a text in generation may have before its beginning is forgotten; a family without positions has no end to it.</summary>
    internal virtual int GenerationLength => MaximumLength;

    /// <summary>Where a growing text gets longer than this, generation reads it once anew, as the reference does for the family; null: nowhere.</summary>
    internal virtual int? RereadLength => null;

    /// <summary>About how many numbers the decoder's weights are: its matrices, by arithmetic alone, whatever a damaged file claims.</summary>
    internal abstract double MatrixNumbers { get; }

    /// <summary>How many layers have weights of their own: each has at least one tensor in a checkpoint.</summary>
    internal abstract long StoredLayers { get; }

    /// <summary>What the model keeps for backward, from its configuration alone.</summary>
    /// <param name="shape">The batch, and what of the model moves.</param>
    public abstract ModelActivations Activations(ActivationShape shape);

    /// <summary>Demands that the numbers make a model.</summary>
    /// <exception cref="ArgumentException">One of them is out of its range; the message says which.</exception>
    public abstract void Validate();

    /// <summary>The content of <c>config.json</c>, in Hugging Face's spelling.</summary>
    /// <param name="head">The head that the weights beside it have.</param>
    public abstract JsonObject ToJson(ModelHead head);

    /// <summary>Creates the model with uninitialised weights.</summary>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public abstract BackboneModel CreateBackbone(Device? device = null, ScalarType dtype = ScalarType.Float32);

    /// <summary><see cref="CreateBackbone"/> of a family that reads from left to right.</summary>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    /// <exception cref="NotSupportedException">The family is of another kind.</exception>
    public DecoderModel CreateDecoder(Device? device = null, ScalarType dtype = ScalarType.Float32) => Create<DecoderModel>(device, dtype, DecoderKind);

    /// <summary><see cref="CreateBackbone"/> of a family that reads texts as a whole.</summary>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    /// <exception cref="NotSupportedException">The family is of another kind.</exception>
    public virtual EncoderModel CreateEncoder(Device? device = null, ScalarType dtype = ScalarType.Float32) => Create<EncoderModel>(device, dtype, EncoderKind);

    /// <summary><see cref="CreateBackbone"/> of a family that writes one text from another.</summary>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    /// <exception cref="NotSupportedException">The family is of another kind.</exception>
    public EncoderDecoderModel CreateEncoderDecoder(Device? device = null, ScalarType dtype = ScalarType.Float32) => Create<EncoderDecoderModel>(device, dtype, EncoderDecoderKind);

    /// <summary>What a task's head stands on: <see cref="CreateBackbone"/>, or the part of it that the family's published models of the task consist of.</summary>
    /// <param name="task">The task.</param>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public virtual BackboneModel CreateBackboneFor(ModelHead task, Device? device = null, ScalarType dtype = ScalarType.Float32) => CreateBackbone(device, dtype);

    /// <summary>The family's head that gives numbers for each text, with uninitialised weights.</summary>
    /// <param name="backbone">What it stands on, of this configuration's shape.</param>
    /// <param name="task"><see cref="ModelHead.SequenceClassification"/>, <see cref="ModelHead.MultipleChoice"/>, or <see cref="ModelHead.Embedding"/> for the family's pooler.</param>
    /// <param name="outputs">Numbers a text; at least 1.</param>
    /// <exception cref="NotSupportedException">The family has no such head.</exception>
    public virtual SequenceHead CreateSequenceHead(BackboneModel backbone, ModelHead task, int outputs) =>
        task == ModelHead.SequenceClassification ? new PooledScoreHead(backbone, outputs, Layers.Pooling.LastToken, HeadDeviation) : throw NoHead(task);

    /// <summary>The family's head that gives numbers for each token, with uninitialised weights.</summary>
    /// <param name="backbone">What it stands on, of this configuration's shape.</param>
    /// <param name="task">What the numbers are.</param>
    /// <param name="outputs">Numbers a token; at least 1.</param>
    /// <exception cref="NotSupportedException">The family has no such head.</exception>
    public virtual TokenHead CreateTokenHead(BackboneModel backbone, ModelHead task, int outputs) => task switch
    {
        ModelHead.TokenClassification => new LinearTokenHead(backbone, outputs, "classifier", ClassifierDropout, HeadDeviation),
        ModelHead.QuestionAnswering => new LinearTokenHead(backbone, outputs, "qa_outputs", standardDeviation: HeadDeviation),
        _ => throw NoHead(task),
    };

    /// <summary>What to throw for a task that the family has no head for.</summary>
    private protected NotSupportedException NoHead(ModelHead task) => new($"The family '{Family}' has no head for the task {task}. Take a family that has one, for example 'bert'.");

    /// <summary>The configuration of a checkpoint that has certain tensors, where the keys alone do not tell.</summary>
    /// <param name="tensors">The tensors' names in the checkpoint.</param>
    internal virtual ModelConfig For(IReadOnlySet<string> tensors) => this;

    /// <summary>Fills in what all families share from the keys that are left.</summary>
    private protected ModelConfig WithCommonKeys(ConfigReader reader) => this with
    {
        BeginOfText = reader.OptionalInt32("bos_token_id"),
        EndOfText = reader.OneOrManyInt32("eos_token_id"),
        Padding = reader.OptionalInt32("pad_token_id"),
        Labels = reader.Labels(),
        Pooling = reader.Pooling(),
        Problem = reader.Problem(),
        OtherKeys = reader.Rest,
        UnknownKeys = reader.Unknown,
    };

    private TModel Create<TModel>(Device? device, ScalarType dtype, string kind) where TModel : BackboneModel
    {
        BackboneModel model = CreateBackbone(device, dtype);
        if (model is TModel wanted) return wanted;
        (string actual, string loader) = model switch { DecoderModel => (DecoderKind, "Load or LoadDecoder"), EncoderModel => (EncoderKind, "LoadEncoder"), _ => (EncoderDecoderKind, "LoadEncoderDecoder") };
        model.Dispose();
        throw new NotSupportedException($"The task needs {kind}; '{Family}' is {actual}. Take a model of another family, or read this one as what it is ({loader}).");
    }

    /// <summary>Writes <see cref="ClassifierDropout"/> where it says something: a token classifier's may be put on a model of another task later.</summary>
    private protected void WriteTokenDropout(JsonObject json, ModelHead head)
    {
        if (head == ModelHead.TokenClassification || ClassifierDropout != UsualTokenDropout) json["classifier_dropout"] = ClassifierDropout;
    }

    /// <summary>Writes the keys that all families share, and <see cref="OtherKeys"/>; the last thing to be done to a configuration.</summary>
    private protected void WriteCommonKeys(JsonObject json, ModelHead head)
    {
        json["bos_token_id"] = BeginOfText;
        json["eos_token_id"] = EndOfText.Count switch
        {
            0 => null,
            1 => EndOfText[0],
            _ => new JsonArray([.. EndOfText.Select(id => JsonValue.Create(id))]),
        };
        json["pad_token_id"] = Padding;
        if (Labels.Count > 0)
        {
            json["id2label"] = new JsonObject(Labels.Select((label, id) => KeyValuePair.Create(id.ToString(CultureInfo.InvariantCulture), (JsonNode?)label)));
            JsonObject ids = [];
            // Of two labels of one name the last has it, as in Hugging Face.
            for (int id = 0; id < Labels.Count; id++) ids[Labels[id]] = id;
            json["label2id"] = ids;
        }
        if (head == ModelHead.SequenceClassification && Problem != ClassificationProblem.SingleLabel) json["problem_type"] = ConfigReader.ProblemNames[Problem];
        if (Pooling is Pooling pooling) json[PoolingKey] = ConfigReader.PoolingNames[pooling];
        FloatSpelling.Apply(json);
        foreach ((string key, JsonElement value) in OtherKeys) json.TryAdd(key, JsonNode.Parse(value.GetRawText()));
    }

    /// <summary>How many numbers the backbone's weights are (shared ones counted once), without allocating them.</summary>
    public long CountParameters()
    {
        using BackboneModel model = CreateBackbone(META);
        return model.ParameterCount;
    }
}
