using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Learns a unigram language model over words as Hugging Face's trainer does. That one visits words and characters in an order of chance, so its scores differ from run to run in the last digits, and those of characters that had to be put back by more;
/// here both are in the order of code points.
/// </summary>
internal static class UnigramLearner
{
    // A fixed number, so that sums are the same on every machine.
    private const int Shares = 8;
    private const double PenaltyStep = 0.0001;

    /// <summary>Learns from counted words.</summary>
    /// <exception cref="ArgumentException">An option is out of its range, there are no words, or they have more different characters than the vocabulary has room for.</exception>
    public static UnigramTrainingResult Learn(WordCounts counts, UnigramTrainerOptions options, CancellationToken cancellationToken = default)
    {
        options.Validate();
        Require.Argument(counts.Count > 0, "Training a tokenizer needs text; the texts have no words.", nameof(counts));
        Require.Argument(counts.Length + counts.Count <= Array.MaxLength, $"The distinct words have more than {Array.MaxLength} characters together; limit the words that are held ({nameof(options.MaximumDistinctWords)}).", nameof(counts));
        var words = new UnigramWords();
        foreach (var number in counts.Sorted(cancellationToken))
            words.Add(counts[number], counts.CountOf(number));
        cancellationToken.ThrowIfCancellationRequested();

        var text = words.Text.ToArray();
        var characters = CountCharacters(words, text);
        var special = SpecialTokens(options, out var unknownId);
        var required = characters.Keys.Union(options.InitialAlphabet.Select(entry => ScalarValues.First(entry, out _))).ToList();
        var room = options.VocabularySize - special.Count;
        Require.Argument(required.Count <= room, $"{nameof(options.VocabularySize)} must be at least {required.Count + special.Count}, for {special.Count} special tokens and all {required.Count} different characters; received {options.VocabularySize}.", nameof(options));

        var estimation = new UnigramEstimation<double>(words, Shares, cancellationToken)
        {
            Target = (int)Math.Min(options.VocabularySize * 11L / 10, int.MaxValue),
            ShrinkingFactor = options.ShrinkingFactor,
            SubIterations = options.SubIterations,
            FirstIsUnknown = true,
            DropsUnused = false,
            OverestimatesParts = true,
            EndsWithPruning = false,
            Progress = options.Progress,
        };
        var pieces = estimation.Run(new UnigramPieces<double>(text, Seeds(text, characters, options, cancellationToken)));
        return new UnigramTrainingResult([.. special.Select(token => (token, 0.0)), .. Final(pieces, required, room)], unknownId);
    }

    private static Dictionary<int, (long Count, int Place)> CountCharacters(UnigramWords words, int[] text)
    {
        var characters = new Dictionary<int, (long Count, int Place)>();
        for (var word = 0; word < words.Count; word++)
        {
            for (var place = words.StartOf(word); place < words.StartOf(word) + words.LengthOf(word); place++)
                characters[text[place]] = (characters.GetValueOrDefault(text[place]).Count + words.CountOf(word), place);
        }
        return characters;
    }

    // The placeholder of the unknown, all characters, then the substrings that cover most; of equals the later in the order of code points first.
    private static UnigramPieces<double>.Piece[] Seeds(int[] text, Dictionary<int, (long Count, int Place)> characters, UnigramTrainerOptions options, CancellationToken cancellationToken)
    {
        var seeds = new List<UnigramPieces<double>.Piece> { default };
        foreach (var (_, (count, place)) in characters.Where(entry => entry.Key != 0).OrderByDescending(entry => entry.Value.Count).ThenByDescending(entry => entry.Key))
            seeds.Add(new(place, 1, count));
        var substrings = FrequentSubstrings.Find(text, substring => substring.Length <= options.MaximumPieceLength,
            done => options.Progress?.Report(new TokenizerTrainingProgress(TokenizerTrainingPhase.FindingPieces, done, 3)), cancellationToken);
        substrings.Sort((a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : a.Rank != b.Rank ? b.Rank.CompareTo(a.Rank) : b.Length.CompareTo(a.Length));
        foreach (var substring in substrings)
        {
            seeds.Add(new(substring.Start, substring.Length, substring.Score));
            if (seeds.Count - 1 >= options.SeedSize)
                break;
        }
        var pieces = seeds.ToArray();
        UnigramEstimation<double>.ToLogarithms(pieces);
        return pieces;
    }

    private static List<string> SpecialTokens(UnigramTrainerOptions options, out int? unknownId)
    {
        var tokens = options.SpecialTokens.Distinct().ToList();
        unknownId = null;
        if (options.UnknownToken is { } unknown)
        {
            if (!tokens.Contains(unknown))
                tokens.Insert(0, unknown);
            unknownId = tokens.IndexOf(unknown);
        }
        return tokens;
    }

    // Characters that were lost come back, each with a score of its own near the lowest.
    private static IEnumerable<(string Piece, double Score)> Final(UnigramPieces<double> pieces, List<int> required, int room)
    {
        var characters = new Dictionary<int, double>();
        for (var id = 1; id < pieces.All.Length; id++)
        {
            if (pieces.All[id].Length == 1)
                characters[pieces.CodePointsOf(id)[0]] = pieces.All[id].Score;
        }
        var final = new List<(string Piece, double Score)>();
        var penalty = 0.0;
        foreach (var character in required.Order())
        {
            if (characters.TryGetValue(character, out var score))
            {
                final.Add((ScalarValues.ToText(character), score));
                continue;
            }
            final.Add((ScalarValues.ToText(character), pieces.MinimumScore + penalty));
            penalty += PenaltyStep;
        }
        for (var id = 1; id < pieces.All.Length && final.Count < room; id++)
        {
            if (pieces.All[id].Length > 1)
                final.Add((ScalarValues.ToText(pieces.CodePointsOf(id)), pieces.All[id].Score));
        }
        return final.OrderByDescending(piece => piece.Score);
    }
}
