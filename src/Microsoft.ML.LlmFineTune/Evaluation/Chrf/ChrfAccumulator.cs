using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// chrF, segment by segment. Statistics of a segment: for each order of characters, then of words, n-grams of the hypothesis (0 where the reference has none), of the reference, and matches; they are those of the reference with the best score.
/// </summary>
public sealed class ChrfAccumulator : CorpusAccumulator
{
    private const double Epsilon = 1e-16;

    private readonly CodePoints _text = new(), _scratch = new(), _characters = new();
    private readonly TokenTable _vocabulary = new();
    private readonly NGramOverlap _characterOverlap = new(), _wordOverlap = new();
    private readonly TokenList _words = new();
    private readonly double[] _candidate;

    /// <summary>Creates an empty accumulator.</summary>
    /// <param name="options">How chrF is computed; default null: sacreBLEU's chrF2.</param>
    /// <param name="keepSegments">Whether the statistics of each segment are kept, for confidence intervals and paired tests.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public ChrfAccumulator(ChrfOptions? options = null, bool keepSegments = false)
        : base(NameOf(options ??= new ChrfOptions()), 3 * (options.CharacterOrder + options.WordOrder), keepSegments)
    {
        Options = options;
        _candidate = new double[3 * (options.CharacterOrder + options.WordOrder)];
    }

    /// <summary>How chrF is computed.</summary>
    public ChrfOptions Options { get; }

    /// <summary>What was added so far, divided once.</summary>
    /// <exception cref="InvalidOperationException">Nothing was added.</exception>
    public ChrfMetrics Compute()
    {
        Row.Some(Segments);
        return new() { Name = Name, Score = Score(Sums), Segments = Segments, Signature = Signature(), Warnings = Warnings };
    }

    /// <summary>Adds what another accumulator (of another part of the corpus) has counted, as if its segments followed.</summary>
    /// <exception cref="ArgumentException">It has other options, or lacks the segments that this one keeps.</exception>
    public void Merge(ChrfAccumulator other) => MergeCounted(other, other?.Options == Options);

    /// <summary>The words of a text: a word longer than a character loses one ASCII punctuation mark, at its end or else at its beginning, which becomes a word.</summary>
    internal static List<string> SplitWords(string text)
    {
        CodePoints points = new();
        points.Set(text);
        List<string> words = [];
        ReadOnlySpan<int> rest = points.Span;
        while (PythonText.NextWord(ref rest, out ReadOnlySpan<int> word))
        {
            int cut = Cut(word);
            words.Add(CodePoints.ToString(word[..cut]));
            if (cut < word.Length) words.Add(CodePoints.ToString(word[cut..]));
        }
        return words;
    }

    internal override double Score(ReadOnlySpan<double> sums)
    {
        double beta2 = (double)Options.Beta * Options.Beta, precisions = 0, recalls = 0, scores = 0;
        int orders = sums.Length / 3, effective = 0;
        for (int i = 0; i < orders; i++)
        {
            double hypothesis = sums[3 * i], reference = sums[(3 * i) + 1], matches = sums[(3 * i) + 2];
            double precision = hypothesis > 0 ? matches / hypothesis : Epsilon, recall = reference > 0 ? matches / reference : Epsilon;
            double denominator = (beta2 * precision) + recall;
            scores += denominator > 0 ? (1 + beta2) * precision * recall / denominator : Epsilon;
            if (!(hypothesis > 0) || !(reference > 0)) continue;
            precisions += precision;
            recalls += recall;
            effective++;
        }
        if (Options.EpsilonSmoothing) return 100 * scores / orders;
        if (effective == 0) return 0;
        (precisions, recalls) = (precisions / effective, recalls / effective);
        return precisions + recalls > 0 ? 100 * ((1 + beta2) * precisions * recalls / ((beta2 * precisions) + recalls)) : 0;
    }

    private protected override void Measure(string hypothesis, IReadOnlyList<string?> references, Span<double> statistics)
    {
        _vocabulary.Clear();
        Read(hypothesis);
        int length = _characters.Length, words = _words.Count;
        _characterOverlap.Start(_characters.Span, Options.CharacterOrder);
        _wordOverlap.Start(_words.Span, Options.WordOrder);
        double best = -1;
        foreach (string? reference in references)
        {
            if (reference is null) continue;
            Read(reference);
            Compare(_characterOverlap, length, _characters.Span, _candidate.AsSpan(0, 3 * Options.CharacterOrder));
            Compare(_wordOverlap, words, _words.Span, _candidate.AsSpan(3 * Options.CharacterOrder));
            double score = Score(_candidate);
            if (!(score > best)) continue;
            best = score;
            _candidate.CopyTo(statistics);
        }
    }

    private static void Compare(NGramOverlap overlap, int length, ReadOnlySpan<int> reference, Span<double> statistics)
    {
        overlap.ForgetReferences();
        overlap.AddReference(reference);
        for (int n = 0; n < statistics.Length / 3; n++)
        {
            int inReference = NGramOverlap.Total(reference.Length, n + 1);
            statistics[3 * n] = inReference > 0 ? NGramOverlap.Total(length, n + 1) : 0;
            statistics[(3 * n) + 1] = inReference;
            statistics[(3 * n) + 2] = overlap.Matches[n];
        }
    }

    /// <summary>The characters and words of a text.</summary>
    private void Read(string text)
    {
        Read(text, _text, Options.Lowercase, _scratch);
        _characters.Clear();
        _words.Clear();
        if (Options.Whitespace) _characters.Append(_text.Span);
        ReadOnlySpan<int> rest = _text.Span;
        while (PythonText.NextWord(ref rest, out ReadOnlySpan<int> word))
        {
            if (!Options.Whitespace) _characters.Append(word);
            if (Options.WordOrder == 0) continue;
            int cut = Cut(word);
            _words.Add(_vocabulary.Add(word[..cut]));
            if (cut < word.Length) _words.Add(_vocabulary.Add(word[cut..]));
        }
    }

    private static int Cut(ReadOnlySpan<int> word) => word.Length == 1 ? 1 : PythonText.IsAsciiPunctuation(word[^1]) ? word.Length - 1 : PythonText.IsAsciiPunctuation(word[0]) ? 1 : word.Length;

    private static string NameOf(ChrfOptions options)
    {
        options.Validate();
        return string.Create(CultureInfo.InvariantCulture, $"chrF{options.Beta}{new string('+', options.WordOrder)}");
    }

    private MetricSignature Signature() => new(References, ("case", "c", Options.Lowercase ? "lc" : "mixed"), ("eff", "e", MetricSignature.YesNo(!Options.EpsilonSmoothing)),
        ("nc", "nc", MetricSignature.Number(Options.CharacterOrder)), ("nw", "nw", MetricSignature.Number(Options.WordOrder)), ("space", "s", MetricSignature.YesNo(Options.Whitespace)));
}
