using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>How a SentencePiece model that was trained here becomes a tokenizer: the rules of its family, and what is saved beside it.</summary>
internal sealed class SentencePieceFamily
{
    private readonly TokenizerConfig _rules;
    private readonly TokenizerConfig _saved;

    private SentencePieceFamily(TokenizerConfig rules, TokenizerConfig saved, int moreTokens = 0) => (_rules, _saved, MoreTokens) = (rules, saved, moreTokens);

    /// <summary>Llama's: spaces are pieces' own, a text begins with one, and with the token that begins a sequence.</summary>
    public static SentencePieceFamily Llama { get; } = new(
        new() { TokenizerClass = "LlamaTokenizer", AddBosToken = true },
        new() { BosToken = new("<s>"), EosToken = new("</s>"), UnkToken = new("<unk>"), AddBosToken = true, AddEosToken = false, CleanUpTokenizationSpaces = false });

    /// <summary>Tokens that it has beyond the model's pieces.</summary>
    public int MoreTokens { get; }

    /// <summary>T5's: the end of a sequence behind each text, and sentinels.</summary>
    public static SentencePieceFamily T5(int sentinels) => new(
        new() { TokenizerClass = "T5Tokenizer", OtherEntries = new Dictionary<string, string> { ["extra_ids"] = sentinels.ToString(CultureInfo.InvariantCulture) } },
        new()
        {
            EosToken = new("</s>"), UnkToken = new("<unk>"), PadToken = new("<pad>"), CleanUpTokenizationSpaces = false,
            AdditionalSpecialTokens = [.. Enumerable.Range(0, sentinels).Select(i => new ConfiguredToken($"<extra_id_{i}>"))],
        },
        sentinels);

    /// <summary>None: ids as in the model.</summary>
    public static SentencePieceFamily Plain(TokenizerConfig? config) => new((config ?? new()) with { TokenizerClass = null }, config ?? new() { CleanUpTokenizationSpaces = false });

    /// <param name="model">The model, without rules of normalization.</param>
    /// <param name="normalizer">What is done to a text first; null: nothing.</param>
    public TokenizerModel TokenizerOf(SentencePieceModel model, TextNormalizer? normalizer)
    {
        var tokenizer = HuggingFaceTokenizerFiles.Read("the trained model", () => SentencePieceFamilies.ToTokenizerJson(model, _rules));
        var parts = tokenizer.Parts;
        return new TokenizerModel(parts with
        {
            Normalizer = normalizer is null ? parts.Normalizer : parts.Normalizer is null ? normalizer : TextNormalizer.Sequence(normalizer, parts.Normalizer),
            Config = _saved with { TokenizerClass = _saved.TokenizerClass ?? TokenizerConfig.GenericClass },
        });
    }
}
