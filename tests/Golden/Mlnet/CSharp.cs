using System.Text.Json;
using Microsoft.CodeAnalysis.CSharp;

namespace Golden.Mlnet;

/// <summary>Pieces of C# from JSON.</summary>
internal static class CSharp
{
    public static string Text(string? text) => text is null ? "null" : SymbolDisplay.FormatLiteral(text, quote: true);

    /// <summary>The value as a literal: text, number, boolean or null.</summary>
    public static string Literal(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => Text(value.GetString()),
        JsonValueKind.Null => "null",
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => value.GetRawText(),
    };

    /// <summary>An option of a case as a literal.</summary>
    public static string Option(JsonElement fixtureCase, string name) => Literal(fixtureCase.GetProperty("options").GetProperty(name));

    /// <summary>A number that has to be a double: 1 as 1d, "Infinity" by its name.</summary>
    public static string Double(JsonElement value) => value.ValueKind == JsonValueKind.String
        ? value.GetString() switch { "NaN" => "double.NaN", "Infinity" => "double.PositiveInfinity", _ => "double.NegativeInfinity" }
        : value.GetRawText() + "d";

    /// <summary>Options as named arguments, in their order.</summary>
    public static string Named(JsonElement fixtureCase, params string[] names) => string.Join(", ", names.Select(name => $"{name}: {Option(fixtureCase, name)}"));

    public static string Char(JsonElement value) => SymbolDisplay.FormatLiteral(value.GetString()![0], quote: true);
}
