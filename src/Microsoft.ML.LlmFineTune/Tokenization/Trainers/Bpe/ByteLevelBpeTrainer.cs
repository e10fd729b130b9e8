using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Trains a byte-level BPE tokenizer: counts the words of all documents, then merges the most frequent pair of neighbours until the vocabulary is full. Ids: special tokens, bytes, then the merges in order.
/// The same documents, in any order, always give the same tokenizer, which is the one that Hugging Face's trainer gives.
/// </summary>
public sealed class ByteLevelBpeTrainer
{
    private readonly BpeTrainerOptions _options;
    private readonly ByteLevelPreTokenizer _preTokenizer;

    /// <summary>A trainer.</summary>
    /// <param name="options">Null takes <see cref="Defaults"/>. An initial alphabet other than all bytes loses bytes of texts that are encoded later.</param>
    /// <param name="preTokenizer">How texts are split into words; null, GPT-2's way without a space before the text.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or the vocabulary has no room for special tokens and initial alphabet.</exception>
    public ByteLevelBpeTrainer(BpeTrainerOptions? options = null, ByteLevelPreTokenizer? preTokenizer = null)
    {
        (_options, _preTokenizer) = (options ?? Defaults, preTokenizer ?? new ByteLevelPreTokenizer());
        _options.Validate();
        Require.AtLeast(_options.VocabularySize, _options.SpecialTokens.Distinct().Count() + _options.InitialAlphabet.Count, nameof(BpeTrainerOptions.VocabularySize));
    }

    /// <summary>4096 entries, pairs that occur twice, all bytes, <c>&lt;|endoftext|&gt;</c> as the only special token.</summary>
    public static BpeTrainerOptions Defaults { get; } = new() { VocabularySize = 4096, MinimumFrequency = 2, InitialAlphabet = BpeTrainerOptions.ByteAlphabet, SpecialTokens = ["<|endoftext|>"] };

    /// <summary>Trains on documents.</summary>
    /// <param name="documents">Texts; read once.</param>
    /// <param name="cancellationToken">Stops training; nothing is left behind.</param>
    /// <exception cref="ArgumentException">No document has any text, or one is null.</exception>
    public TokenizerModel Train(IEnumerable<string> documents, CancellationToken cancellationToken = default)
    {
        var counter = new WordCounter(Split, _options.MaximumDistinctWords);
        var words = counter.Count(Require.NotNull(documents), _options.Progress, cancellationToken);
        Require.Argument(words.Count > 0, $"Training a tokenizer needs text; {counter.Texts} documents were given, all of them empty.", nameof(documents));
        var learnt = BpeLearner.Learn(words, _options, WordSymbols.Bytes, cancellationToken: cancellationToken);
        var model = new BpeModel(learnt.Vocabulary.Index().ToDictionary(entry => entry.Item, entry => entry.Index), learnt.Merges, unknownToken: null);
        return new TokenizerModel(model, _preTokenizer, [.. _options.SpecialTokens.Distinct().Select((token, id) => new AddedToken(id, token))], PostProcessor.None);
    }

    private void Split(string document, WordCounts words)
    {
        var text = _preTokenizer.NeedsPrefix(document) ? " " + document : document;
        for (var rest = text.AsSpan(); rest.Length > 0;)
        {
            var length = _preTokenizer.FirstWord(rest);
            words.Add(rest[..length]);
            rest = rest[length..];
        }
    }
}
