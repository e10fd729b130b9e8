using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers.Rotary;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>
/// Rotary positions in <c>config.json</c>: <c>rope_parameters</c>, which holds everything, or the older spelling with <c>rope_theta</c>, <c>partial_rotary_factor</c> and <c>rope_scaling</c> side by side.
/// Both are written, so that older and newer readers see the same model.
/// </summary>
internal static class RotaryJson
{
    private static readonly string[] Keys =
    [
        "rope_type", "type", "rope_theta", "partial_rotary_factor", "factor", "original_max_position_embeddings", "attention_factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim", "truncate",
        "short_factor", "long_factor", "low_freq_factor", "high_freq_factor", "finetuned",
    ];

    /// <summary>Reads one set of positions for the whole model.</summary>
    /// <param name="reader">The configuration.</param>
    /// <param name="defaults">What missing keys stand for.</param>
    /// <param name="trainedLength">The configuration's <c>max_position_embeddings</c>.</param>
    /// <param name="originalLength">What the family puts in place of a missing <c>original_max_position_embeddings</c> outside of the scaling; null: nothing.</param>
    public static RotaryOptions Read(ConfigReader reader, RotaryOptions defaults, int trainedLength, int? originalLength = null)
    {
        RotaryOptions flat = defaults with { Theta = reader.Double("rope_theta", defaults.Theta), Fraction = reader.Double("partial_rotary_factor", defaults.Fraction) };
        return Read(Parameters(reader), flat, trainedLength, reader.KeptInt32("original_max_position_embeddings") ?? originalLength);
    }

    /// <summary>The object that holds the positions' numbers, in either spelling; null where there is none.</summary>
    public static JsonObject? Parameters(ConfigReader reader)
    {
        (JsonObject? older, JsonObject? newer) = (reader.Object("rope_scaling"), reader.Object("rope_parameters"));
        return older is { Count: > 0 } ? older : newer;
    }

    /// <summary>Reads one such object.</summary>
    /// <param name="parameters">Null: the defaults.</param>
    /// <param name="defaults">What missing keys stand for.</param>
    /// <param name="trainedLength">The configuration's <c>max_position_embeddings</c>.</param>
    /// <param name="originalLength">The configuration's own <c>original_max_position_embeddings</c>, which wins over the object's; null: it has none.</param>
    public static RotaryOptions Read(JsonObject? parameters, RotaryOptions defaults, int trainedLength, int? originalLength)
    {
        if (parameters is null) return defaults;
        ConfigReader reader = new(parameters);
        reader.Ignore(Keys);
        if (reader.Unknown.Count > 0) throw new InvalidDataException($"config.json: 'rope_parameters' (or 'rope_scaling') is supported with the keys {string.Join(", ", Keys)}; found {ConfigReader.Cut(string.Join(", ", reader.Unknown))}.");
        string type = reader.Text("rope_type", reader.Text("type", "default"));
        originalLength ??= reader.OptionalInt32("original_max_position_embeddings");
        return new RotaryOptions
        {
            Theta = reader.Double("rope_theta", defaults.Theta),
            Fraction = reader.Double("partial_rotary_factor", defaults.Fraction),
            Scaling = Scaling(type, reader, trainedLength, originalLength ?? trainedLength),
        };
    }

    /// <summary>Writes one set of positions for the whole model, in both spellings.</summary>
    /// <param name="json">Receives the keys.</param>
    /// <param name="options">The positions.</param>
    /// <param name="writesFraction">Whether the family always names the rotated part.</param>
    public static void Write(JsonObject json, RotaryOptions options, bool writesFraction = false)
    {
        writesFraction |= options.Fraction != 1;
        json["rope_parameters"] = ToJson(options, writesFraction);
        json["rope_theta"] = options.Theta;
        if (writesFraction) json["partial_rotary_factor"] = options.Fraction;
        json["rope_scaling"] = ScalingOnly(options);
    }

    /// <summary>The positions' numbers as one object, the newer spelling.</summary>
    public static JsonObject ToJson(RotaryOptions options, bool writesFraction = false)
    {
        JsonObject json = Write(options.Scaling);
        json["rope_theta"] = options.Theta;
        if (writesFraction) json["partial_rotary_factor"] = options.Fraction;
        return json;
    }

    /// <summary>The scaling alone, the older spelling; null without one.</summary>
    public static JsonObject? ScalingOnly(RotaryOptions options) => options.Scaling is null ? null : Write(options.Scaling);

    private static RotaryScaling? Scaling(string type, ConfigReader reader, int trainedLength, int originalLength)
    {
        switch (type)
        {
            case "default":
                return null;
            case "linear":
                return new LinearScaling(Factor());
            case "dynamic":
                return new DynamicScaling(Factor(), trainedLength);
            case "llama3":
                return new Llama3Scaling(Factor(), Needed("low_freq_factor"), Needed("high_freq_factor"), originalLength);
            // The first names that Phi-3 had for it.
            case "longrope" or "su":
            case "yarn" when reader.Rest.ContainsKey("short_factor"):
                double? factor = reader.OptionalDouble("factor");
                return new LongRopeScaling(reader.Doubles("short_factor"), reader.Doubles("long_factor"), originalLength, factor ?? Ratio())
                {
                    IsFactorDerived = factor is null, AttentionFactor = reader.OptionalDouble("attention_factor"),
                };
            case "yarn":
                return new YarnScaling(reader.OptionalDouble("factor") ?? Ratio(), originalLength)
                {
                    FastTurns = reader.OptionalDouble("beta_fast") is double fast and not 0 ? fast : 32, SlowTurns = reader.OptionalDouble("beta_slow") is double slow and not 0 ? slow : 1,
                    AttentionFactor = reader.OptionalDouble("attention_factor"), Scale = reader.OptionalDouble("mscale"), AllDimensionsScale = reader.OptionalDouble("mscale_all_dim"),
                    Truncate = reader.Boolean("truncate", true),
                };
            default:
                throw new InvalidDataException($"config.json: 'rope_type' is supported as default, linear, dynamic, yarn, longrope or llama3; found '{ConfigReader.Cut(type)}'.");
        }

        double Factor() => Needed("factor");

        double Needed(string key) => reader.OptionalDouble(key) ?? throw new InvalidDataException($"config.json: rotary positions of the type '{type}' need a '{key}'; it is missing.");

        double Ratio() => (double)trainedLength / originalLength;
    }

    private static JsonObject Write(RotaryScaling? scaling) => scaling switch
    {
        LinearScaling linear => new() { ["rope_type"] = "linear", ["factor"] = linear.Factor },
        DynamicScaling dynamic => new() { ["rope_type"] = "dynamic", ["factor"] = dynamic.Factor },
        Llama3Scaling llama => new()
        {
            ["rope_type"] = "llama3", ["factor"] = llama.Factor, ["low_freq_factor"] = llama.LowFrequencyFactor, ["high_freq_factor"] = llama.HighFrequencyFactor,
            ["original_max_position_embeddings"] = llama.OriginalLength,
        },
        LongRopeScaling longRope => WithoutNulls(new()
        {
            ["rope_type"] = "longrope", ["factor"] = longRope.IsFactorDerived ? null : longRope.Factor, ["short_factor"] = List(longRope.ShortFactors), ["long_factor"] = List(longRope.LongFactors),
            ["original_max_position_embeddings"] = longRope.OriginalLength, ["attention_factor"] = longRope.AttentionFactor,
        }),
        YarnScaling yarn => WithoutNulls(new()
        {
            ["rope_type"] = "yarn", ["factor"] = yarn.Factor, ["original_max_position_embeddings"] = yarn.OriginalLength, ["beta_fast"] = yarn.FastTurns, ["beta_slow"] = yarn.SlowTurns,
            ["attention_factor"] = yarn.AttentionFactor, ["mscale"] = yarn.Scale, ["mscale_all_dim"] = yarn.AllDimensionsScale, ["truncate"] = yarn.Truncate ? null : false,
        }),
        null => new() { ["rope_type"] = "default" },
        _ => throw new NotSupportedException($"{scaling.GetType().Name} has no spelling in config.json."),
    };

    private static JsonArray List(IReadOnlyList<double> numbers) => new([.. numbers.Select(number => JsonValue.Create(number))]);

    private static JsonObject WithoutNulls(JsonObject json)
    {
        foreach (string key in json.Where(entry => entry.Value is null).Select(entry => entry.Key).ToList()) json.Remove(key);
        return json;
    }
}
