using System.Globalization;
using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>Spells the fractions of a configuration as Python does: 1 as "1.0". Python tells the two apart, and transformers 5 refuses a whole number where its configuration has a fraction.</summary>
internal static class FloatSpelling
{
    /// <summary>Spells all numbers below that are held as <see cref="double"/>; those that were read from a file stay as they stood there.</summary>
    public static void Apply(JsonNode json)
    {
        switch (json)
        {
            case JsonObject keys:
                foreach ((string key, JsonNode? value) in keys.ToArray())
                {
                    if (value is not null && Spelled(value) is JsonNode spelled) keys[key] = spelled;
                }
                break;
            case JsonArray items:
                for (int i = 0; i < items.Count; i++)
                {
                    if (items[i] is JsonNode value && Spelled(value) is JsonNode spelled) items[i] = spelled;
                }
                break;
        }
    }

    /// <summary>Another node for a number that would be written like a whole one; null for any other, whose own parts are seen to.</summary>
    private static JsonNode? Spelled(JsonNode node)
    {
        if (node is not JsonValue value)
        {
            Apply(node);
            return null;
        }
        if (!value.TryGetValue(out object? held) || held is not double number || !double.IsFinite(number)) return null;
        string text = number.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().ContainsAnyExcept("-0123456789") ? null : JsonNode.Parse(text + ".0");
    }
}
