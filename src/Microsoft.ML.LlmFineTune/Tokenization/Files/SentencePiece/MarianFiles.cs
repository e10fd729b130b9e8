using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Marian's three files: <c>source.spm</c> and <c>target.spm</c> split the two languages, <c>vocab.json</c> gives the pieces of both their ids. They make two tokenizers that share their ids. Rules: transformers' MarianTokenizer.
/// </summary>
internal static class MarianFiles
{
    // So much below every score that a piece of the other language is taken only where nothing else fits.
    private const double OfTheOtherLanguage = -1e5;

    /// <summary>The tokenizer.json of one language.</summary>
    /// <param name="model">Its source.spm or target.spm.</param>
    /// <param name="vocabulary">The ids of vocab.json.</param>
    /// <param name="config">The tokenizer_config.json.</param>
    public static JsonObject ToTokenizerJson(SentencePieceModel model, Dictionary<string, int> vocabulary, TokenizerConfig config)
    {
        if (model.Trainer.Algorithm != SentencePieceAlgorithm.Unigram)
            throw new NotSupportedException($"a Marian model's SentencePiece files must be Unigram; this one is {model.Trainer.Algorithm}.");
        var (end, unknown, padding) = (config.EosToken ?? new("</s>"), config.UnkToken ?? new("<unk>"), config.PadToken ?? new("<pad>"));
        var scores = SentencePieceFamilies.Pieces(model).ToLookup(piece => piece.Piece, piece => piece.Score, StringComparer.Ordinal);
        var pieces = new (string Piece, double Score)[vocabulary.Count];
        foreach (var (token, id) in vocabulary)
        {
            if (id >= pieces.Length || pieces[id].Piece is not null)
                throw new InvalidDataException($"vocab.json must number its {vocabulary.Count} tokens from 0; '{token}' has the id {id}.");
            pieces[id] = (token, scores.Contains(token) ? scores[token].First() : OfTheOtherLanguage);
        }
        var table = new AddedTokenTable(vocabulary);
        if (!table.Has(unknown.Content) || !table.Has(end.Content))
            throw new InvalidDataException($"vocab.json must have '{unknown.Content}' and '{end.Content}'.");
        table.Add([end, unknown, padding]);
        table.Add(config.AddedTokensDecoder);
        table.Add(config.AdditionalSpecialTokens);
        // >>fr<< and the like choose the language to translate into.
        table.Add(pieces.Select(piece => piece.Piece).Where(piece => piece.StartsWith(">>", StringComparison.Ordinal) && piece.EndsWith("<<", StringComparison.Ordinal)).Select(code => new ConfiguredToken(code, false) { Normalized = false }));
        var template = TokenizerSections.Template([("$A", 0), (end.Content, 0)], [("$A", 0), ("$B", 0), (end.Content, 0)], table);
        return TokenizerSections.Document(TokenizerSections.Unigram(pieces, vocabulary[unknown.Content], byteFallback: false), SentencePieceFamilies.PlainNormalizer(model),
            TokenizerSections.Metaspace("always"), template, TokenizerSections.Metaspace("always"), table);
    }
}
