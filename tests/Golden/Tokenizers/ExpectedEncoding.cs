using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Golden.Tokenizers;

/// <summary>Compares an encoding with what a fixture says of it, field by field.</summary>
internal static class ExpectedEncoding
{
    public static void Compare(Tally tally, string what, JsonElement expected, TextEncoding actual, bool compareOffsets = true, Func<int, int, string>? textOf = null)
    {
        if (expected.TryGetProperty("ids", out var ids)) tally.Sequence($"{what}ids", ids.ToInts(), actual.Ids);
        if (expected.TryGetProperty("tokens", out var tokens)) tally.Sequence($"{what}tokens", tokens.ToTexts(), actual.Tokens);
        if (compareOffsets && expected.TryGetProperty("offsets", out var offsets))
        {
            // Where texts are given, offsets are in their code points; else in UTF-16 units if those are recorded, and the same otherwise.
            tally.Sequence($"{what}offsets", (textOf is null && expected.TryGetProperty("offsets_utf16", out var utf16) ? utf16 : offsets).ToInts(), Enumerable.Range(0, actual.Count).SelectMany(token =>
            {
                var (start, end) = actual.Spans[token];
                return textOf is null || actual.SequenceOf(token) is not { } sequence ? [start, end] : new[] { CodePoints(textOf(sequence, actual.WordOf(token) ?? 0), start), CodePoints(textOf(sequence, actual.WordOf(token) ?? 0), end) };
            }));
        }
        if (expected.TryGetProperty("word_ids", out var words)) tally.Sequence($"{what}word_ids", Numbers(words), Enumerable.Range(0, actual.Count).Select(actual.WordOf));
        if (expected.TryGetProperty("sequence_ids", out var sequences)) tally.Sequence($"{what}sequence_ids", Numbers(sequences), Enumerable.Range(0, actual.Count).Select(actual.SequenceOf));
        if (expected.TryGetProperty("attention_mask", out var attention)) tally.Sequence($"{what}attention_mask", attention.ToInts(), actual.AttentionMask);
        // Masks and types that are left out are all 0.
        if (expected.TryGetProperty("ids", out var counted))
        {
            int[] zeros = new int[counted.GetArrayLength()];
            tally.Sequence($"{what}special_tokens_mask", expected.TryGetProperty("special_tokens_mask", out var special) ? special.ToInts() : zeros, actual.SpecialTokensMask);
            tally.Sequence($"{what}type_ids", expected.TryGetProperty("type_ids", out var types) ? types.ToInts() : zeros, actual.TypeIds);
        }
        if (!expected.TryGetProperty("overflowing", out var overflowing)) return;
        tally.Equal($"{what}number of overflowing windows", overflowing.GetArrayLength(), actual.Overflowing.Count);
        foreach (var (window, encoding) in overflowing.EnumerateArray().Zip(actual.Overflowing)) Compare(tally, $"{what}overflowing ", window, encoding, compareOffsets, textOf);
    }

    /// <summary>UTF-16 units as code points.</summary>
    public static int CodePoints(string text, int units) => text[..units].Count(unit => !char.IsLowSurrogate(unit));

    private static IEnumerable<int?> Numbers(JsonElement list) => list.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Null ? (int?)null : item.GetInt32());
}
