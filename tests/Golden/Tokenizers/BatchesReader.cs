using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Golden.Tokenizers;

/// <summary>tokenizers/encode/*/batches.json and models/file-sections.json: pairs, truncation with overflow, padding, words.</summary>
internal sealed class BatchesReader : CaseReader
{
    private readonly RecipeReader _recipes = new();

    public override bool Reads(string file) => (file.StartsWith("encode/", StringComparison.Ordinal) && file.EndsWith("/batches.json", StringComparison.Ordinal)) || file == "models/file-sections.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        if (c.File == "models/file-sections.json") VerifySections(c, tally);
        else VerifyBatch(tally, _recipes.Tokenizer(c, c.Folder), c.Value, OptionsOf(c.Value));
    }

    private static void VerifySections(FixtureCase c, Tally tally)
    {
        using var content = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(c["json"].ValueKind == JsonValueKind.String ? c["json"].GetString()! : c["json"].GetRawText()));
        var tokenizer = TokenizerModel.Load(content);
        foreach (var batch in c["batches"].EnumerateArray())
            VerifyBatch(tally, tokenizer, batch, tokenizer.DefaultOptions with { AddSpecialTokens = batch.GetProperty("add_special_tokens").GetBoolean() });
        using var saved = new MemoryStream();
        tokenizer.Save(saved);
        using var written = JsonDocument.Parse(saved.ToArray());
        foreach (var section in (string[])["truncation", "padding"])
        {
            if (c.Value.TryGetProperty($"saved_{section}", out var expected))
                tally.Equal($"saved {section}", true, JsonElement.DeepEquals(expected, written.RootElement.GetProperty(section)));
        }
    }

    // With padding the batch is one call, otherwise each input is its own.
    private static void VerifyBatch(Tally tally, TokenizerModel tokenizer, JsonElement batch, EncodingOptions options)
    {
        var words = batch.TryGetProperty("is_pretokenized", out var pretokenized) && pretokenized.GetBoolean();
        var inputs = batch.GetProperty("inputs").EnumerateArray().Select(input => InputOf(input, words)).ToList();
        if (batch.TryGetProperty("error", out var failure) && failure.IsGiven())
        {
            tally.Equal("whether the batch is refused", true, TryEncode(() => tokenizer.EncodeBatch(inputs, options)) is null);
            return;
        }
        var results = batch.GetProperty("results").EnumerateArray().ToList();
        var whole = options.Padding is null ? null : tokenizer.EncodeBatch(inputs, options);
        for (int n = 0; n < inputs.Count; n++)
        {
            var i = n;
            var actual = whole?[i] ?? TryEncode(() => [tokenizer.Encode(inputs[i], options)])?[0];
            if (results[i].TryGetProperty("error", out _)) tally.Equal("whether the input is refused", true, actual is null);
            else if (actual is null) tally.Equal("whether the input is refused", false, true);
            else ExpectedEncoding.Compare(tally, "", results[i], actual, textOf: (sequence, word) => (sequence == 0 ? inputs[i].First : inputs[i].Second!)[words ? word : 0]);
        }
    }

    private static IReadOnlyList<TextEncoding>? TryEncode(Func<IReadOnlyList<TextEncoding>> encode)
    {
        try { return encode(); }
        catch (ArgumentException) { return null; }
    }

    private static EncodingInput InputOf(JsonElement input, bool words)
    {
        if (input.ValueKind == JsonValueKind.String) return input.GetString()!;
        if (!words) return (input[0].GetString()!, input[1].GetString()!);
        return input.GetArrayLength() == 2 && input[0].ValueKind == JsonValueKind.Array ? EncodingInput.OfWords(input[0].ToTexts(), input[1].ToTexts()) : EncodingInput.OfWords(input.ToTexts());
    }

    private static EncodingOptions OptionsOf(JsonElement batch)
    {
        var options = new EncodingOptions { AddSpecialTokens = batch.GetProperty("add_special_tokens").GetBoolean() };
        if (batch.TryGetProperty("truncation", out var cut) && cut.IsGiven())
        {
            options = options with
            {
                Truncation = new TruncationOptions
                {
                    MaximumLength = cut.GetProperty("max_length").GetInt32(),
                    Stride = cut.TryGetProperty("stride", out var stride) ? stride.GetInt32() : 0,
                    Strategy = (cut.TryGetProperty("strategy", out var strategy) ? strategy.GetString() : "longest_first") switch { "only_first" => TruncationStrategy.OnlyFirst, "only_second" => TruncationStrategy.OnlySecond, _ => TruncationStrategy.LongestFirst },
                    Side = cut.TryGetProperty("direction", out var direction) && direction.GetString() == "left" ? TruncationSide.Left : TruncationSide.Right,
                },
            };
        }
        if (batch.TryGetProperty("padding", out var padding) && padding.IsGiven())
        {
            int? Number(string name) => padding.TryGetProperty(name, out var value) && value.IsGiven() ? value.GetInt32() : null;
            options = options with
            {
                Padding = new PaddingOptions
                {
                    Length = Number("length"), MultipleOf = Number("pad_to_multiple_of"), Id = Number("pad_id") ?? 0, TypeId = Number("pad_type_id") ?? 0,
                    Token = padding.TryGetProperty("pad_token", out var token) ? token.GetString() : "[PAD]",
                    Side = padding.TryGetProperty("direction", out var direction) && direction.GetString() == "left" ? PaddingSide.Left : PaddingSide.Right,
                },
            };
        }
        return options;
    }
}
