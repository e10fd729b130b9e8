using System.Runtime.InteropServices;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Trains a byte-level BPE tokenizer: counts the words of all documents, then merges the most frequent pair of neighbours until the vocabulary is full. Ids: special tokens, bytes, then the merges in order.
/// The same documents, in any order, always give the same tokenizer, which is the one that Hugging Face's trainer gives.
/// </summary>
public sealed class ByteLevelBpeTrainer
{
    private const int DocumentsPerReport = 1 << 12;

    private readonly ByteLevelBpeTrainerOptions _options;

    /// <summary>A trainer with options; null takes the defaults.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public ByteLevelBpeTrainer(ByteLevelBpeTrainerOptions? options = null)
    {
        _options = options ?? new ByteLevelBpeTrainerOptions();
        Require.NotNull(_options.PreTokenizer, nameof(ByteLevelBpeTrainerOptions.PreTokenizer));
        Require.NotNull(_options.SpecialTokens, nameof(ByteLevelBpeTrainerOptions.SpecialTokens));
        Require.AtLeast(_options.MinimumFrequency, 1, nameof(ByteLevelBpeTrainerOptions.MinimumFrequency));
        if (_options.MaximumTokenLength is { } length)
            Require.AtLeast(length, 2, nameof(ByteLevelBpeTrainerOptions.MaximumTokenLength));
        Require.AtLeast(_options.VocabularySize, 256 + _options.SpecialTokens.Count, nameof(ByteLevelBpeTrainerOptions.VocabularySize));
        foreach (var token in _options.SpecialTokens)
        {
            Require.Argument(!string.IsNullOrEmpty(token), "A special token must have at least one character.", nameof(ByteLevelBpeTrainerOptions.SpecialTokens));
            Require.Argument(_options.SpecialTokens.Count(other => other == token) == 1, $"Special tokens must differ; '{token}' stands there twice.", nameof(ByteLevelBpeTrainerOptions.SpecialTokens));
        }
    }

    /// <summary>Trains on documents.</summary>
    /// <param name="documents">Texts; read once.</param>
    /// <param name="progress">Hears of every 4,096th document and every merge.</param>
    /// <param name="cancellationToken">Stops training; nothing is left behind.</param>
    /// <exception cref="ArgumentException">No document has any text.</exception>
    public TokenizerModel Train(IEnumerable<string> documents, IProgress<BpeTrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        var counts = CountWords(Require.NotNull(documents), progress, cancellationToken, out var documentCount);
        Require.Argument(counts.Count > 0, $"Training a tokenizer needs text; {documentCount} documents were given, all of them empty.", nameof(documents));

        var words = counts.ToList();
        var tokens = InitialTokens(words.SelectMany(word => word.Key));
        var idOf = tokens.Select((token, id) => (token, id)).Where(entry => entry.token.Length == 1).ToDictionary(entry => entry.token[0], entry => entry.id);
        var wanted = _options.VocabularySize - tokens.Count;

        // The limit of the merging rule is a bound that isn't reached.
        var learner = new BpeMergeLearner(tokens, words.Select(word => new BpeTrainingWord([.. word.Key.Select(name => idOf[name])], word.Value)), lengthBound: _options.MaximumTokenLength + 1L ?? long.MaxValue);
        var merges = learner.Learn(_options.VocabularySize, _options.MinimumFrequency, done => progress?.Report(new BpeTrainingProgress(documentCount, done, wanted)), cancellationToken);

        var vocabulary = learner.Tokens.Select((token, id) => (token, id)).ToDictionary(entry => entry.token, entry => entry.id);
        var model = new BpeModel(vocabulary, merges, new BpeModelOptions());
        return new TokenizerModel(new TokenizerParts(model)
        {
            PreTokenizer = _options.PreTokenizer,
            Decoder = TokenDecoder.ByteLevel,
            AddedTokens = [.. _options.SpecialTokens.Select((token, id) => new AddedToken(id, token))],
        });
    }

    // Bytes in the order of the characters that name them.
    private List<string> InitialTokens(IEnumerable<char> seen)
    {
        var names = _options.AllBytes ? Enumerable.Range(0, 256).Select(value => ByteAlphabet.NameOf((byte)value)) : seen.Distinct();
        return [.. _options.SpecialTokens, .. names.Order().Select(name => name.ToString()).Except(_options.SpecialTokens)];
    }

    private Dictionary<string, long> CountWords(IEnumerable<string> documents, IProgress<BpeTrainingProgress>? progress, CancellationToken cancellationToken, out long documentCount)
    {
        var counts = new Dictionary<string, long>();
        var lookup = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        documentCount = 0;
        foreach (var document in documents)
        {
            if (documentCount++ % DocumentsPerReport == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                progress?.Report(new BpeTrainingProgress(documentCount, 0, 0));
            }
            foreach (var (word, _) in _options.PreTokenizer.Words(document))
                CollectionsMarshal.GetValueRefOrAddDefault(lookup, word, out _)++;
        }
        return counts;
    }
}
