using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// BLEU, segment by segment. Statistics of a segment: hypothesis length, reference length, matches of each order, n-grams of each order. Reference n-gram counts are the maxima over a segment's references.
/// </summary>
public sealed class BleuAccumulator : CorpusAccumulator
{
    private const string LooksTokenized = "a hypothesis ends with ' .' as tokenized texts do; BLEU tokenizes by itself and wants them detokenized";

    // ln 0 in the reference.
    private const double LogarithmOfZero = -9999999999;

    private readonly BleuTokenization _tokenization;
    private readonly CodePoints _text = new(), _scratch = new();
    private readonly TokenTable _vocabulary = new();
    private readonly NGramOverlap _overlap = new();
    private readonly TokenList _tokens = new();

    /// <summary>Creates an empty accumulator.</summary>
    /// <param name="options">How BLEU is computed; default null: sacreBLEU's defaults.</param>
    /// <param name="keepSegments">Whether the statistics of each segment are kept, for confidence intervals and paired tests.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public BleuAccumulator(BleuOptions? options = null, bool keepSegments = false)
        : base("BLEU", Width(options ??= new BleuOptions()), keepSegments)
    {
        Options = options;
        _tokenization = new BleuTokenization(options.Tokenizer);
    }

    /// <summary>How BLEU is computed.</summary>
    public BleuOptions Options { get; }

    private int Orders => Options.MaximumOrder;

    /// <summary>What was added so far, divided once.</summary>
    /// <exception cref="InvalidOperationException">Nothing was added.</exception>
    public BleuMetrics Compute()
    {
        Row.Some(Segments);
        return Metrics(Sums, Segments, References) with { Warnings = Warnings };
    }

    /// <summary>Adds what another accumulator (of another part of the corpus) has counted, as if its segments followed.</summary>
    /// <exception cref="ArgumentException">It has other options, or lacks the segments that this one keeps.</exception>
    public void Merge(BleuAccumulator other) => MergeCounted(other, other?.Options == Options);

    /// <summary>The metrics of given statistics, of one segment or of sums of any.</summary>
    /// <param name="statistics">Hypothesis length, reference length, matches of each order, n-grams of each order.</param>
    /// <param name="segments">Segments that they are of.</param>
    /// <param name="references">References of each; null: varying.</param>
    public BleuMetrics Metrics(ReadOnlySpan<double> statistics, long segments = 1, int? references = 1)
    {
        Require.Argument(statistics.Length == 2 + (2 * Orders), "BLEU's statistics are two lengths, and two counts for each order.", nameof(statistics));
        double[] counts = [.. statistics.Slice(2, Orders)], totals = [.. statistics.Slice(2 + Orders, Orders)], precisions = new double[Orders];
        double length = statistics[0], referenceLength = statistics[1];
        double penalty = length >= referenceLength ? 1 : length > 0 ? Math.Exp(1 - (referenceLength / length)) : 0;
        return new BleuMetrics
        {
            Score = Score(counts, totals, precisions, penalty), Counts = counts, Totals = totals, Precisions = precisions, BrevityPenalty = penalty,
            HypothesisLength = (long)length, ReferenceLength = (long)referenceLength, Segments = segments, Signature = Signature(references),
        };
    }

    /// <summary>The tokens of a text, as they are compared.</summary>
    internal string[] Tokenize(string text) => PythonText.Split(CodePoints.ToString(Prepare(text)));

    /// <summary>The numbered tokens of a text; a view that the next call overwrites.</summary>
    internal ReadOnlySpan<int> Tokens(string text, TokenTable vocabulary) => _tokens.Read(Prepare(text), vocabulary);

    internal override double Score(ReadOnlySpan<double> sums) => Metrics(sums).Score;

    private protected override void Measure(string hypothesis, IReadOnlyList<string?> references, Span<double> statistics)
    {
        if (hypothesis.EndsWith(" .", StringComparison.Ordinal)) Noted.Note(LooksTokenized, Segments);
        _vocabulary.Clear();
        ReadOnlySpan<int> tokens = Tokens(hypothesis, _vocabulary);
        int length = tokens.Length, closest = -1;
        _overlap.Start(tokens, Orders);
        foreach (string? text in references)
        {
            if (text is null) continue;
            ReadOnlySpan<int> reference = Tokens(text, _vocabulary);
            _overlap.AddReference(reference);
            (int distance, int smallest) = (Math.Abs(length - reference.Length), Math.Abs(length - closest));
            if (closest < 0 || distance < smallest || (distance == smallest && reference.Length < closest)) closest = reference.Length;
        }
        statistics[0] = length;
        statistics[1] = closest;
        for (int n = 0; n < Orders; n++)
        {
            statistics[2 + n] = _overlap.Matches[n];
            statistics[2 + Orders + n] = NGramOverlap.Total(length, n + 1);
        }
    }

    private static int Width(BleuOptions options)
    {
        options.Validate();
        return 2 + (2 * options.MaximumOrder);
    }

    private double Score(double[] counts, double[] totals, double[] precisions, double penalty)
    {
        if (!counts.AsSpan().ContainsAnyExcept(0.0)) return 0;
        double halvings = 1, value = Options.UsedSmoothingValue ?? 0;
        int effective = Orders;
        for (int n = 0; n < Orders; n++)
        {
            if (Options.Smoothing == BleuSmoothing.AddK && n > 0)
            {
                counts[n] += value;
                totals[n] += value;
            }
            if (totals[n] == 0) break;
            if (Options.EffectiveOrder) effective = n + 1;
            if (counts[n] != 0) precisions[n] = 100 * counts[n] / totals[n];
            else if (Options.Smoothing == BleuSmoothing.Exponential) precisions[n] = 100 / ((halvings *= 2) * totals[n]);
            else if (Options.Smoothing == BleuSmoothing.Floor) precisions[n] = 100 * value / totals[n];
        }
        double logarithms = 0;
        for (int n = 0; n < effective; n++) logarithms += precisions[n] == 0 ? LogarithmOfZero : Math.Log(precisions[n]);
        return penalty * Math.Exp(logarithms / effective);
    }

    private MetricSignature Signature(int? references) => new(references, ("case", "c", Options.Lowercase ? "lc" : "mixed"), ("eff", "e", MetricSignature.YesNo(Options.EffectiveOrder)),
        ("tok", "tok", BleuTokenization.NameOf(Options.Tokenizer)), ("smooth", "s", Options.Smoothing switch
        {
            BleuSmoothing.Exponential => "exp",
            BleuSmoothing.Floor => $"floor[{PythonText.Fixed(Options.UsedSmoothingValue!.Value, 2)}]",
            BleuSmoothing.AddK => $"add-k[{PythonText.Fixed(Options.UsedSmoothingValue!.Value, 2)}]",
            _ => "none",
        }));

    private ReadOnlySpan<int> Prepare(string text)
    {
        Read(text, _text, Options.Lowercase, _scratch);
        _text.Truncate(PythonText.TrimmedLength(_text.Span));
        return _tokenization.Apply(_text);
    }
}
