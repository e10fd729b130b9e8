namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>TER, segment by segment. Statistics of a segment: edits of the best reference, mean length of the references.</summary>
public sealed class TerAccumulator : CorpusAccumulator
{
    private readonly TerTokenization _tokenization;
    private readonly CodePoints _text = new(), _scratch = new();
    private readonly TokenTable _vocabulary = new();
    private readonly TokenList _hypothesis = new(), _reference = new();
    private readonly TerEdits _edits = new();

    /// <summary>Creates an empty accumulator.</summary>
    /// <param name="options">How TER is computed; default null: sacreBLEU's defaults.</param>
    /// <param name="keepSegments">Whether the statistics of each segment are kept, for confidence intervals and paired tests.</param>
    public TerAccumulator(TerOptions? options = null, bool keepSegments = false)
        : base("TER", 2, keepSegments)
    {
        Options = options ?? new TerOptions();
        _tokenization = new TerTokenization(Options);
    }

    /// <summary>How TER is computed.</summary>
    public TerOptions Options { get; }

    /// <summary>What was added so far, divided once.</summary>
    /// <exception cref="InvalidOperationException">Nothing was added.</exception>
    public TerMetrics Compute()
    {
        Row.Some(Segments);
        return new() { Score = Score(Sums), Edits = (long)Sums[0], ReferenceLength = Sums[1], Segments = Segments, Signature = Signature(), Warnings = Warnings };
    }

    /// <summary>Adds what another accumulator (of another part of the corpus) has counted, as if its segments followed.</summary>
    /// <exception cref="ArgumentException">It has other options, or lacks the segments that this one keeps.</exception>
    public void Merge(TerAccumulator other) => MergeCounted(other, other?.Options == Options);

    /// <summary>The words of a text, as they are compared.</summary>
    internal string[] Tokenize(string text) => PythonText.Split(CodePoints.ToString(Prepare(text)));

    internal override double Score(ReadOnlySpan<double> sums) => sums[1] > 0 ? 100 * (sums[0] / sums[1]) : sums[0] > 0 ? 100 : 0;

    private protected override void Measure(string hypothesis, IReadOnlyList<string?> references, Span<double> statistics)
    {
        _vocabulary.Clear();
        ReadOnlySpan<int> words = _hypothesis.Read(Prepare(hypothesis), _vocabulary);
        long lengths = 0;
        int given = 0, fewest = int.MaxValue;
        foreach (string? text in references)
        {
            if (text is null) continue;
            ReadOnlySpan<int> reference = _reference.Read(Prepare(text), _vocabulary);
            fewest = Math.Min(fewest, _edits.Count(words, reference));
            lengths += reference.Length;
            given++;
        }
        statistics[0] = fewest;
        statistics[1] = (double)lengths / given;
    }

    private ReadOnlySpan<int> Prepare(string text)
    {
        Read(text, _text, !Options.CaseSensitive, _scratch);
        _text.Truncate(PythonText.TrimmedLength(_text.Span));
        return _tokenization.Apply(_text);
    }

    private MetricSignature Signature() => new(References, ("case", "c", Options.CaseSensitive ? "mixed" : "lc"), ("tok", "t", "tercom"), ("norm", "nr", MetricSignature.YesNo(Options.Normalized)),
        ("punct", "pn", MetricSignature.YesNo(!Options.NoPunctuation)), ("asian", "as", MetricSignature.YesNo(Options.AsianSupport)));
}
