using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A token as a tokenizer_config.json describes it: by its text, without an id.</summary>
/// <param name="Content">The text that it is found by.</param>
/// <param name="Special">Whether it stands for something that is not text: decoding can leave it out.</param>
public sealed record ConfiguredToken(string Content, bool Special = true)
{
    /// <summary>Found only where no letter, digit or underscore stands beside it; default false.</summary>
    public bool SingleWord { get; init; }

    /// <summary>Takes the white space on its left with it; default false.</summary>
    public bool StripLeft { get; init; }

    /// <summary>Takes the white space on its right with it; default false.</summary>
    public bool StripRight { get; init; }

    /// <summary>Looked for in the normalized text; default false for special tokens, otherwise true.</summary>
    public bool Normalized { get; init; } = !Special;

    /// <summary>A text, or an object with the flags.</summary>
    internal static ConfiguredToken Read(JsonElement element, string path, bool special)
    {
        if (element.ValueKind == JsonValueKind.String)
            return new ConfiguredToken(element.GetString()!, special);
        var part = JsonPart.Of(element, path);
        var isSpecial = part.Flag("special", special);
        return new ConfiguredToken(part.Text("content"), isSpecial)
        {
            SingleWord = part.Flag("single_word", false),
            StripLeft = part.Flag("lstrip", false),
            StripRight = part.Flag("rstrip", false),
            Normalized = part.Flag("normalized", !isSpecial),
        };
    }

    internal JsonNode ToJson(bool asObject) => !asObject && this == new ConfiguredToken(Content) ? Content : new JsonObject
    {
        ["content"] = Content,
        ["lstrip"] = StripLeft,
        ["normalized"] = Normalized,
        ["rstrip"] = StripRight,
        ["single_word"] = SingleWord,
        ["special"] = Special,
    };
}
