using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>From JSON to values of templates, as Python's <c>json</c> reads it: integers of any size, numbers with a point or exponent as floats.</summary>
internal static class JsonValues
{
    private const int Deepest = 200;

    public static object? Of(JsonElement json)
    {
        try
        {
            return Of(json, 0);
        }
        catch (InvalidOperationException e)
        {
            throw new ChatTemplateException(ChatTemplateErrorKind.ValueError, $"The JSON given to the template has a text that is not Unicode, such as one with a lone surrogate: {e.Message}");
        }
    }

    public static object? Of(JsonNode? json) => json is null ? null : Of(json, 0);

    private static object? Of(JsonElement json, int depth)
    {
        Demand(depth);
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                var dict = new DictValue(8);
                foreach (var property in json.EnumerateObject()) dict[property.Name] = Of(property.Value, depth + 1);
                return dict;
            case JsonValueKind.Array:
                var items = new object?[json.GetArrayLength()];
                var at = 0;
                foreach (var item in json.EnumerateArray()) items[at++] = Of(item, depth + 1);
                return new ListValue(items);
            case JsonValueKind.String: return json.GetString();
            case JsonValueKind.Number: return json.TryGetInt64(out var integer) ? integer : Number(json.GetRawText());
            case JsonValueKind.True: return Values.True;
            case JsonValueKind.False: return Values.False;
            default: return null;
        }
    }

    private static object? Of(JsonNode json, int depth)
    {
        Demand(depth);
        switch (json)
        {
            case JsonObject properties:
                var dict = new DictValue(properties.Count);
                foreach (var (name, value) in properties) dict[name] = value is null ? null : Of(value, depth + 1);
                return dict;
            case JsonArray list:
                return new ListValue([.. list.Select(item => item is null ? null : Of(item, depth + 1))]);
            case JsonValue value when value.TryGetValue<JsonElement>(out var element):
                return Of(element, depth);
            case JsonValue value when value.TryGetValue<double>(out var real):
                return real;
            case JsonValue value when value.TryGetValue<float>(out var single):
                return (double)single;
            default:
                // A value made in code: what it is written as is what it is.
                using (var document = JsonDocument.Parse(json.ToJsonString())) return Of(document.RootElement, depth);
        }
    }

    private static object Number(string digits)
    {
        if (digits.AsSpan().IndexOfAny('.', 'e', 'E') < 0 && digits.Length <= Printing.MostDigits) return PythonNumbers.Box(BigInteger.Parse(digits, System.Globalization.CultureInfo.InvariantCulture));
        return double.Parse(digits, System.Globalization.CultureInfo.InvariantCulture);
    }

    private static void Demand(int depth)
    {
        if (depth > Deepest) throw new ChatTemplateException(ChatTemplateErrorKind.ValueError, $"The JSON given to the template is nested more than {Deepest} deep.");
    }
}
