using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>The numbers that fix a model's shape: what <c>config.json</c> holds. Each family derives its own.</summary>
public abstract record ModelConfig
{
    internal const string PoolingKey = "pooling";
    internal const string MeanPooling = "mean";

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
    /// What a text classifier's head looks at; default: the last token. Written as <c>pooling</c> only when it is not the default, which is Hugging Face's only way.
    /// </summary>
    public Pooling Pooling { get; init; }

    /// <summary>Dropout before a token classifier's head (<c>classifier_dropout</c>); default 0.1; from 0 to less than 1.</summary>
    public double ClassifierDropout { get; init; } = 0.1;

    /// <summary>Keys of <c>config.json</c> that the library does not use; they are written back as they were.</summary>
    public IReadOnlyDictionary<string, JsonElement> OtherKeys { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>About how many numbers the decoder's weights are: its matrices, by arithmetic alone, whatever a damaged file claims.</summary>
    internal abstract double MatrixNumbers { get; }

    /// <summary>Demands that the numbers make a model.</summary>
    /// <exception cref="ArgumentException">One of them is out of its range; the message says which.</exception>
    public abstract void Validate();

    /// <summary>The content of <c>config.json</c>, in Hugging Face's spelling.</summary>
    /// <param name="head">The head that the weights beside it have.</param>
    public abstract JsonObject ToJson(ModelHead head);

    /// <summary>Creates the decoder with uninitialised weights.</summary>
    /// <param name="device">Where the weights live; default: the CPU.</param>
    /// <param name="dtype">Type of the weights.</param>
    public abstract DecoderModel CreateDecoder(Device? device = null, ScalarType dtype = ScalarType.Float32);

    /// <summary>Writes the keys that all families share, and <see cref="OtherKeys"/>.</summary>
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
            json["label2id"] = new JsonObject(Labels.Select((label, id) => KeyValuePair.Create(label, (JsonNode?)id)));
        }
        if (head == ModelHead.TokenClassification) json["classifier_dropout"] = ClassifierDropout;
        if (Pooling == Pooling.Mean) json[PoolingKey] = MeanPooling;
        foreach ((string key, JsonElement value) in OtherKeys) json.TryAdd(key, JsonNode.Parse(value.GetRawText()));
    }

    /// <summary>How many numbers the decoder's weights are (shared ones counted once), without allocating them.</summary>
    public long CountParameters()
    {
        using DecoderModel model = CreateDecoder(META);
        return model.ParameterCount;
    }
}
