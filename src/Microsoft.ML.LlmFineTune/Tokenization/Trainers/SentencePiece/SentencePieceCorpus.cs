using System.Text;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Sentences as SentencePiece's trainer sees them: normalized, white space marked, rare characters made unknown; and the alphabet.</summary>
internal sealed class SentencePieceCorpus
{
    private const int TextsPerReport = 1 << 12;
    private const char Space = (char)SentencePieceRules.Space;

    private readonly SentencePieceTrainerOptions _options;
    private readonly List<int[]> _sentences = [];

    /// <summary>Reads texts.</summary>
    /// <exception cref="ArgumentException">A text is null, there are no characters, or more than the vocabulary has room for.</exception>
    public SentencePieceCorpus(IEnumerable<string> texts, SentencePieceTrainerOptions options, SentencePieceMetaPieces meta, CancellationToken cancellationToken)
    {
        _options = options;
        var symbols = new TrainingTrie();
        foreach (var text in meta.Texts)
            symbols.Add(ToCodePoints(text), 0);
        long read = 0;
        foreach (var text in texts)
        {
            Require.Argument(text is not null, $"A text to train on must not be null; text {read} is.", nameof(texts));
            cancellationToken.ThrowIfCancellationRequested();
            if (read++ % TextsPerReport == 0)
                options.Progress?.Report(new TokenizerTrainingProgress(TokenizerTrainingPhase.CountingWords, read, 0));
            if (text.Length == 0)
                continue;
            if (Encoding.UTF8.GetByteCount(text) > options.MaximumSentenceLength)
            {
                TooLong++;
                continue;
            }
            if (!text.Contains((char)SentencePieceRules.Unknown))
                _sentences.Add(WithBorders(ToCodePoints(Normalize(text)), symbols));
        }
        Require.Argument(_sentences.Exists(sentence => sentence.Length > 0), $"Training a tokenizer needs text; {read} texts were given, of them {TooLong} longer than {options.MaximumSentenceLength} bytes ({nameof(options.MaximumSentenceLength)}) and none of the others with a character.", nameof(texts));
        RemoveEmpty();
        Alphabet = ChooseAlphabet();
        Require.Argument(Alphabet.Count + meta.Count <= options.VocabularySize,
            $"{nameof(options.VocabularySize)} must be at least {Alphabet.Count + meta.Count}, for {Alphabet.Count} characters and {meta.Count} other pieces; received {options.VocabularySize}. Or lower {nameof(options.CharacterCoverage)}.", nameof(options));
        foreach (var sentence in _sentences)
        {
            foreach (ref var codePoint in sentence.AsSpan())
            {
                if (!Alphabet.ContainsKey(codePoint))
                    codePoint = SentencePieceRules.Unknown;
            }
        }
    }

    /// <summary>The sentences, in nearly the order of the texts.</summary>
    public IReadOnlyList<int[]> Sentences => _sentences;

    /// <summary>The characters that must be pieces, and how often they occur.</summary>
    public IReadOnlyDictionary<int, long> Alphabet { get; }

    /// <summary>Texts that were left out because they are too long.</summary>
    public long TooLong { get; }

    /// <summary>The alphabet, the most frequent characters first, of equally frequent ones by code point.</summary>
    public IEnumerable<int> SortedAlphabet => Alphabet.OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key).Select(entry => entry.Key);

    /// <summary>Sentences split at white space, if the options say so: the distinct parts with their counts, the most frequent first, of equally frequent ones by code points.</summary>
    public List<(int[] Word, long Count)> Words(IEnumerable<int[]> sentences, CancellationToken cancellationToken)
    {
        if (!_options.SplitByWhitespace)
            return [.. sentences.Select(sentence => (sentence, 1L))];
        var counts = new Dictionary<string, long>();
        var number = 0;
        foreach (var sentence in sentences)
        {
            if (number++ % TextsPerReport == 0)
                cancellationToken.ThrowIfCancellationRequested();
            foreach (var (start, end) in SplitAtSpaces(sentence))
            {
                var word = ScalarValues.ToText(sentence.AsSpan(start, end - start));
                counts[word] = counts.GetValueOrDefault(word) + 1;
            }
        }
        cancellationToken.ThrowIfCancellationRequested();
        var words = counts.ToArray();
        Array.Sort(words, (a, b) => a.Value != b.Value ? b.Value.CompareTo(a.Value) : ScalarValues.Compare(a.Key, b.Key));
        return [.. words.Select(entry => (ToCodePoints(entry.Key), entry.Value))];
    }

    private static int[] ToCodePoints(string text)
    {
        var codePoints = new List<int>(text.Length);
        ScalarValues.Append(text, codePoints);
        return [.. codePoints];
    }

    private string Normalize(string text)
    {
        var normalized = _options.Normalizer?.Normalize(text) ?? text;
        var result = new StringBuilder(normalized.Length + 1);
        var remove = _options.RemoveExtraWhitespaces;
        if (remove && normalized.AsSpan().Trim(' ').IsEmpty)
            return "";
        if (_options.AddDummyPrefix && !_options.TreatWhitespaceAsSuffix)
            result.Append(Space);
        var afterSpace = remove;
        foreach (var unit in normalized)
        {
            if (unit != ' ' || !afterSpace)
                result.Append(unit == ' ' ? Space : unit);
            afterSpace = remove && unit == ' ';
        }
        while (remove && result.Length > 0 && result[^1] == Space)
            result.Length--;
        if (_options.AddDummyPrefix && _options.TreatWhitespaceAsSuffix)
            result.Append(Space);
        return result.ToString();
    }

    // Whatever is a piece already is taken out of the texts; the longest where several begin.
    private static int[] WithBorders(int[] sentence, TrainingTrie symbols)
    {
        var into = 0;
        for (var at = 0; at < sentence.Length; into++)
        {
            var length = 0;
            var node = 0;
            for (var end = at; end < sentence.Length && (node = symbols.Child(node, sentence[end])) != TrainingTrie.None; end++)
            {
                if (symbols.PieceAt(node) != TrainingTrie.None)
                    length = end + 1 - at;
            }
            sentence[into] = length > 0 ? SentencePieceRules.Border : sentence[at];
            at += Math.Max(length, 1);
        }
        return into == sentence.Length ? sentence : sentence[..into];
    }

    // The trainer fills the place of an empty sentence with the last one and doesn't look at it again; the order decides how sums are rounded.
    private void RemoveEmpty()
    {
        for (var i = 0; i < _sentences.Count; i++)
        {
            if (_sentences[i].Length > 0)
                continue;
            _sentences[i] = _sentences[^1];
            _sentences.RemoveAt(_sentences.Count - 1);
        }
    }

    private Dictionary<int, long> ChooseAlphabet()
    {
        var counts = new Dictionary<int, (bool Required, long Count)>();
        foreach (var codePoint in ToCodePoints(_options.RequiredCharacters))
        {
            if (codePoint != 0)
                counts[codePoint] = (true, 0);
        }
        long all = 0;
        foreach (var sentence in _sentences)
        {
            foreach (var codePoint in sentence)
            {
                if (codePoint == 0)
                    continue;
                var (required, count) = counts.GetValueOrDefault(codePoint);
                counts[codePoint] = (required, count + 1);
                all++;
            }
        }
        var alphabet = new Dictionary<int, long>();
        long covered = 0;
        foreach (var (codePoint, (_, count)) in counts.OrderByDescending(entry => entry.Value.Required).ThenByDescending(entry => entry.Value.Count).ThenBy(entry => entry.Key))
        {
            if ((float)(1.0 * covered / all) >= _options.CharacterCoverage)
                break;
            covered += count;
            if (codePoint != SentencePieceRules.Border)
                alphabet.Add(codePoint, count);
        }
        return alphabet;
    }

    private IEnumerable<(int Start, int End)> SplitAtSpaces(int[] sentence)
    {
        var start = 0;
        var inSpaces = false;
        for (var at = 0; at < sentence.Length; at++)
        {
            var isSpace = sentence[at] == SentencePieceRules.Space;
            if (_options.TreatWhitespaceAsSuffix)
            {
                // A word ends behind a space, or behind all of several.
                if (!isSpace && inSpaces && _options.AllowWhitespaceOnlyPieces && at > start)
                {
                    yield return (start, at);
                    start = at;
                }
                inSpaces = isSpace;
                if (isSpace && !_options.AllowWhitespaceOnlyPieces)
                {
                    yield return (start, at + 1);
                    start = at + 1;
                }
            }
            else
            {
                if (isSpace && at > start && !(inSpaces && _options.AllowWhitespaceOnlyPieces))
                {
                    yield return (start, at);
                    start = at;
                }
                inSpaces = isSpace;
            }
        }
        if (start < sentence.Length)
            yield return (start, sentence.Length);
    }
}
