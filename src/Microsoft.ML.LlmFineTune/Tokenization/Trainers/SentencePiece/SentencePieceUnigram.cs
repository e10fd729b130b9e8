namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>SentencePiece's Unigram training: candidates are substrings of whole sentences, the language model is estimated over words, in single precision. Scores are those from before the last pruning (version 0.2.3).</summary>
internal static class SentencePieceUnigram
{
    private const float PenaltyStep = 0.0001f;

    /// <summary>The pieces with their scores, best first.</summary>
    public static List<(string Piece, float Score)> Learn(SentencePieceCorpus corpus, SentencePieceTrainerOptions options, int room, CancellationToken cancellationToken)
    {
        var text = SeedText(corpus, options);
        var seeds = Seeds(text, options, cancellationToken);
        var words = new UnigramWords();
        foreach (var (word, count) in corpus.Words(corpus.Sentences.Select(sentence => Without(sentence, options.PretokenizationDelimiter)), cancellationToken))
            words.Add(word, count);
        var estimation = new UnigramEstimation<float>(words, shares: 1, cancellationToken)
        {
            Target = (int)Math.Min(options.VocabularySize * 1.1, int.MaxValue),
            ShrinkingFactor = options.ShrinkingFactor,
            SubIterations = options.SubIterations,
            FirstIsUnknown = false,
            DropsUnused = true,
            OverestimatesParts = false,
            EndsWithPruning = true,
            Progress = options.Progress,
        };
        return Final(estimation.Run(new UnigramPieces<float>(text, seeds)), corpus, room);
    }

    private static int[] SeedText(SentencePieceCorpus corpus, SentencePieceTrainerOptions options)
    {
        var text = new List<int>();
        foreach (var sentence in corpus.Sentences)
        {
            if (options.PretokenizationDelimiter.Length > 0)
            {
                foreach (var part in Parts(sentence, options.PretokenizationDelimiter))
                {
                    text.AddRange(part);
                    text.Add(0);
                }
            }
            else
            {
                text.AddRange(sentence);
            }
            text.Add(0);
        }
        return [.. text];
    }

    // All characters, then the substrings that cover most.
    private static UnigramPieces<float>.Piece[] Seeds(int[] text, SentencePieceTrainerOptions options, CancellationToken cancellationToken)
    {
        var rules = new SentencePieceRules(options);
        var characters = new Dictionary<int, (long Count, int Place)>();
        for (var place = 0; place < text.Length; place++)
        {
            if (text[place] is not (0 or SentencePieceRules.Unknown))
                characters[text[place]] = (characters.GetValueOrDefault(text[place]).Count + 1, place);
        }
        var substrings = FrequentSubstrings.Find(text, rules.Allows, done => options.Progress?.Report(new TokenizerTrainingProgress(TokenizerTrainingPhase.FindingPieces, done, 3)), cancellationToken);
        UnigramPieces<float>.Piece[] seeds =
        [
            .. characters.OrderByDescending(entry => entry.Value.Count).ThenBy(entry => entry.Key).Select(entry => new UnigramPieces<float>.Piece(entry.Value.Place, 1, entry.Value.Count)),
            .. substrings.OrderByDescending(substring => substring.Score).Take(options.SeedSize).Select(substring => new UnigramPieces<float>.Piece(substring.Start, substring.Length, substring.Score)),
        ];
        UnigramEstimation<float>.ToLogarithms(seeds);
        return seeds;
    }

    // Characters that were lost come back, each with a score of its own near the lowest.
    private static List<(string Piece, float Score)> Final(UnigramPieces<float> pieces, SentencePieceCorpus corpus, int room)
    {
        var scores = pieces.All.Select((piece, id) => (Text: ScalarValues.ToText(pieces.CodePointsOf(id)), piece.Score)).ToList();
        var known = scores.ToDictionary(piece => piece.Text, piece => piece.Score);
        var final = new Dictionary<string, float>();
        var penalty = 0f;
        foreach (var codePoint in corpus.SortedAlphabet)
        {
            var character = ScalarValues.ToText(codePoint);
            if (known.TryGetValue(character, out var score))
            {
                final.Add(character, score);
                continue;
            }
            final.Add(character, pieces.MinimumScore + penalty);
            penalty += PenaltyStep;
        }
        scores.Sort(ByScore);
        foreach (var (piece, score) in scores)
        {
            if (final.ContainsKey(piece))
                continue;
            if (final.Count == room)
                break;
            final.Add(piece, score);
        }
        var sorted = final.Select(entry => (entry.Key, entry.Value)).ToList();
        sorted.Sort(ByScore);
        return sorted;
    }

    private static int ByScore((string Piece, float Score) a, (string Piece, float Score) b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : ScalarValues.Compare(a.Piece, b.Piece);

    private static int[] Without(int[] sentence, string delimiter) => delimiter.Length == 0 ? sentence : [.. Parts(sentence, delimiter).SelectMany(part => part)];

    private static List<int[]> Parts(int[] sentence, string delimiter)
    {
        var border = new List<int>();
        ScalarValues.Append(delimiter, border);
        int[] searched = [.. border];
        var parts = new List<int[]>();
        var rest = sentence.AsSpan();
        for (int at; (at = rest.IndexOf(searched)) >= 0; rest = rest[(at + searched.Length)..])
            parts.Add(rest[..at].ToArray());
        parts.Add(rest.ToArray());
        return parts;
    }
}
