using System.Numerics;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Expectation maximization for a unigram language model, with pruning (Kudo 2018, arXiv:1804.10959): scores are estimated, then the pieces whose loss costs least are dropped, until few enough are left.
/// Sums are made in shares of the words that depend on the words alone and are added in their order, so threads change nothing.
/// </summary>
/// <typeparam name="T">Double as in Hugging Face's trainer, float as in SentencePiece's.</typeparam>
internal sealed class UnigramEstimation<T> where T : struct, IBinaryFloatingPointIeee754<T>
{
    private const double ExpectedMinimum = 0.5;
    private const int WordsPerCheck = 256;
    private const int PiecesPerTask = 1 << 10;

    private readonly UnigramWords _words;
    private readonly int[] _text;
    private readonly int[] _shareEnds;
    private readonly ParallelOptions _parallel;
    private readonly CancellationToken _cancellationToken;

    /// <param name="words">The words.</param>
    /// <param name="shares">Parts of the words that are worked on at the same time at most; 1 adds everything in the order of the words.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public UnigramEstimation(UnigramWords words, int shares, CancellationToken cancellationToken)
    {
        (_words, _text, _cancellationToken) = (words, [.. words.Text], cancellationToken);
        _parallel = new ParallelOptions { CancellationToken = cancellationToken };
        _shareEnds = new int[Math.Clamp(words.Count / 1024, 1, shares)];
        for (var share = 0; share < _shareEnds.Length; share++)
            _shareEnds[share] = (int)((long)words.Count * (share + 1) / _shareEnds.Length);
    }

    /// <summary>Pieces before the pruning is over, for progress.</summary>
    public required int Target { get; init; }

    /// <summary>The part of the pieces that a round of pruning keeps.</summary>
    public required double ShrinkingFactor { get; init; }

    /// <summary>Estimations between two rounds of pruning.</summary>
    public required int SubIterations { get; init; }

    /// <summary>Whether piece 0 isn't text but stands for unknown characters: always kept, never counted.</summary>
    public required bool FirstIsUnknown { get; init; }

    /// <summary>Whether a piece that no best path has is dropped even though it can't be made of others.</summary>
    public required bool DropsUnused { get; init; }

    /// <summary>Whether the total count after a piece is dropped is estimated as if it were made of as many parts as there are pieces: not what the paper says, but how Hugging Face's trainer has it, and so the pieces that it drops.</summary>
    public required bool OverestimatesParts { get; init; }

    /// <summary>Whether the scores of the last pieces are those from before the last pruning, as in SentencePiece's trainer, or estimated once more for these pieces alone, as in Hugging Face's.</summary>
    public required bool EndsWithPruning { get; init; }

    public IProgress<TokenizerTrainingProgress>? Progress { get; init; }

    /// <summary>Estimates and prunes until there are no more than <see cref="Target"/> pieces.</summary>
    public UnigramPieces<T> Run(UnigramPieces<T> pieces)
    {
        var initial = pieces.All.Length;
        while (true)
        {
            for (var i = 0; i < SubIterations; i++)
                pieces = Maximize(pieces, Expect(pieces));
            Progress?.Report(new TokenizerTrainingProgress(TokenizerTrainingPhase.Pruning, Math.Min(initial - pieces.All.Length, Math.Max(initial - Target, 0)), Math.Max(initial - Target, 0)));
            if (pieces.All.Length <= Target)
                return pieces;
            var pruned = Prune(pieces);
            if (pruned.All.Length == pieces.All.Length)
                return pieces;
            pieces = pruned;
            if (EndsWithPruning && pieces.All.Length <= Target)
                return pieces;
        }
    }

    /// <summary>Logarithms of the scores' shares in their sum, in place.</summary>
    public static void ToLogarithms(UnigramPieces<T>.Piece[] pieces)
    {
        var sum = T.Zero;
        foreach (var piece in pieces)
        {
            if (piece.Length > 0)
                sum += piece.Score;
        }
        var logarithm = Math.Log(Number(sum));
        for (var id = 0; id < pieces.Length; id++)
            pieces[id] = pieces[id] with { Score = pieces[id].Length > 0 ? Rounded(Math.Log(Number(pieces[id].Score)) - logarithm) : T.NaN };
    }

    private T[] Expect(UnigramPieces<T> pieces) => SumOverWords(pieces, static (lattice, count, sums) => lattice.AddExpected(count, sums));

    private T[] SumOverWords(UnigramPieces<T> pieces, Action<WordLattice<T>, T, T[]> add)
    {
        // Made here, once.
        _ = pieces.Trie;
        var shares = new T[_shareEnds.Length][];
        InParallel(shares.Length, share =>
        {
            var sums = new T[pieces.All.Length];
            var lattice = new WordLattice<T>();
            for (var word = share == 0 ? 0 : _shareEnds[share - 1]; word < _shareEnds[share]; word++)
            {
                if (word % WordsPerCheck == 0)
                    _cancellationToken.ThrowIfCancellationRequested();
                lattice.Fill(_text.AsSpan(_words.StartOf(word), _words.LengthOf(word)), pieces);
                add(lattice, T.CreateTruncating(_words.CountOf(word)), sums);
            }
            shares[share] = sums;
        });
        for (var share = 1; share < shares.Length; share++)
        {
            for (var id = 0; id < shares[0].Length; id++)
                shares[0][id] += shares[share][id];
        }
        return shares[0];
    }

    // Not plain maximization: digamma makes rare pieces rarer (Liang and Klein 2007, "Structured Bayesian Nonparametric Models with Variational Inference").
    private UnigramPieces<T> Maximize(UnigramPieces<T> pieces, T[] expected)
    {
        var kept = new List<(int Id, T Score)>();
        var sum = T.Zero;
        for (var id = 0; id < expected.Length; id++)
        {
            if (FirstIsUnknown && id == 0)
            {
                kept.Add((id, T.NaN));
            }
            else if (Number(expected[id]) >= ExpectedMinimum)
            {
                kept.Add((id, expected[id]));
                sum += expected[id];
            }
        }
        var logarithm = Rounded(Digamma(Number(sum)));
        for (var i = 0; i < kept.Count; i++)
            kept[i] = (kept[i].Id, Rounded(Digamma(Number(kept[i].Score)) - Number(logarithm)));
        return pieces.Rescored(kept);
    }

    private UnigramPieces<T> Prune(UnigramPieces<T> pieces)
    {
        var (isWhole, alternatives) = FindAlternatives(pieces);
        var counts = SumOverWords(pieces, static (lattice, count, sums) => lattice.AddBest(count, sums));
        var words = T.Zero;
        for (var word = 0; word < _words.Count; word++)
            words += T.CreateTruncating(_words.CountOf(word));
        var exactSum = 0.0;
        foreach (var count in counts)
            exactSum += Number(count);
        var sum = Rounded(exactSum);
        var logarithm = Rounded(Math.Log(Number(sum)));

        var kept = new List<int>();
        var losses = new List<(int Id, T Loss)>();
        for (var id = 0; id < counts.Length; id++)
        {
            if (FirstIsUnknown && id == 0)
            {
                kept.Add(id);
                continue;
            }
            var isUnused = counts[id] == T.Zero;
            if (DropsUnused ? isUnused || !isWhole[id] : isUnused && !isWhole[id])
                continue;
            if (alternatives[id] is not { Length: > 0 } parts)
            {
                kept.Add(id);
                continue;
            }
            if (isUnused)
                continue;
            // What the corpus loses if all occurrences of the piece are made of its parts instead.
            var before = Rounded(Math.Log(Number(counts[id])) - Number(logarithm));
            var partCount = OverestimatesParts ? counts.Length : parts.Length;
            var sumAfter = Rounded(Math.Log(Number(sum + (counts[id] * T.CreateTruncating(partCount - 1)))));
            var after = T.Zero;
            foreach (var part in parts)
                after = Rounded(Number(after) + (Math.Log(Number(counts[part] + counts[id])) - Number(sumAfter)));
            losses.Add((id, counts[id] / words * (before - after)));
        }

        var size = Math.Max(Target, int.CreateSaturating(T.CreateTruncating(ShrinkingFactor) * T.CreateTruncating(counts.Length)));
        foreach (var (id, _) in losses.OrderByDescending(entry => entry.Loss))
        {
            if (kept.Count == size)
                break;
            kept.Add(id);
        }
        return pieces.Selected(kept);
    }

    // Whether the best path of a piece is the piece itself, and how it is made without it.
    private (bool[] IsWhole, int[]?[] Alternatives) FindAlternatives(UnigramPieces<T> pieces)
    {
        _ = pieces.Trie;
        var isWhole = new bool[pieces.All.Length];
        var alternatives = new int[]?[pieces.All.Length];
        InParallel(((pieces.All.Length - 1) / PiecesPerTask) + 1, task =>
        {
            _cancellationToken.ThrowIfCancellationRequested();
            var lattice = new WordLattice<T>();
            var second = new List<int>();
            for (var id = task * PiecesPerTask; id < Math.Min((task + 1) * PiecesPerTask, pieces.All.Length); id++)
            {
                if (FirstIsUnknown && id == 0)
                    continue;
                lattice.Fill(pieces.CodePointsOf(id), pieces);
                var length = lattice.BestAndSecond(second);
                isWhole[id] = length == 1 || second.Count == 0;
                if (length == 1 && second.Count > 0)
                    alternatives[id] = [.. second];
            }
        });
        return (isWhole, alternatives);
    }

    private void InParallel(int count, Action<int> body)
    {
        try
        {
            Parallel.For(0, count, _parallel, body);
        }
        catch (AggregateException error) when (error.InnerExceptions.All(inner => inner is OperationCanceledException))
        {
            throw new OperationCanceledException(_cancellationToken);
        }
    }

    private static double Digamma(double x)
    {
        // Recurrence up to where the asymptotic series (in x - 1/2) is exact enough.
        var result = 0.0;
        for (; x < 7; x++)
            result -= 1 / x;
        x -= 1.0 / 2.0;
        var inverse = 1.0 / x;
        var square = inverse * inverse;
        var fourth = square * square;
        return result + (Math.Log(x) + (1.0 / 24.0 * square) - (7.0 / 960.0 * fourth) + (31.0 / 8064.0 * fourth * square) - (127.0 / 30720.0 * fourth * fourth));
    }

    private static double Number(T value) => double.CreateTruncating(value);

    private static T Rounded(double value) => T.CreateTruncating(value);
}
