using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// Adds up the statistics of a corpus metric, segment by segment, in constant memory. One accumulator belongs to one thread; a corpus is shared out by giving each thread an accumulator and adding them together.
/// </summary>
public abstract class CorpusAccumulator
{
    private const string LoneSurrogates = "a text has lone surrogates; each counts as a character", EmptyReference = "a reference is empty; it counts as a reference of length 0";

    private readonly double[] _sums, _segment;
    private int _references = -1;
    private bool _referencesVary;

    private protected CorpusAccumulator(string name, int width, bool keepSegments)
    {
        Name = name;
        _sums = new double[width];
        _segment = new double[width];
        if (keepSegments) PerSegment = new SegmentStatistics(name, width, Score);
    }

    /// <summary>The metric's name, as it stands before a score.</summary>
    public string Name { get; }

    /// <summary>Segments seen.</summary>
    public long Segments { get; private set; }

    /// <summary>References of every segment; null where their number varies, or before anything was added.</summary>
    public int? References => _referencesVary || _references < 0 ? null : _references;

    /// <summary>The statistics of each segment, for confidence intervals and paired tests; null unless they were asked for when the accumulator was created (they cost some numbers a segment).</summary>
    public SegmentStatistics? PerSegment { get; }

    /// <summary>What the input had that its owner should know: empty references, lone surrogates.</summary>
    public IReadOnlyList<InputWarning> Warnings => Noted.List;

    internal InputWarnings Noted { get; } = new();

    private protected ReadOnlySpan<double> Sums => _sums;

    /// <summary>Adds a segment with one reference.</summary>
    /// <param name="hypothesis">The text that is judged.</param>
    /// <param name="reference">The text that it should be like.</param>
    /// <returns>The segment's own score.</returns>
    /// <exception cref="ArgumentException">A text is null.</exception>
    public double Add(string hypothesis, string reference) => Add(hypothesis, [reference]);

    /// <summary>Adds a segment.</summary>
    /// <param name="hypothesis">The text that is judged.</param>
    /// <param name="references">The texts that it should be like; null entries are absent, empty texts are references. At least one must be there.</param>
    /// <returns>The segment's own score, with the same options.</returns>
    /// <exception cref="ArgumentException">The hypothesis is null, or no reference is given; the message names the row.</exception>
    public double Add(string hypothesis, IReadOnlyList<string?> references)
    {
        int given = CountReferences(hypothesis, references);
        // The segment counts only when its statistics are there.
        Measure(hypothesis, references, _segment);
        if (_references >= 0 && given != _references) _referencesVary = true;
        _references = given;
        for (int i = 0; i < _sums.Length; i++) _sums[i] += _segment[i];
        PerSegment?.Add(_segment);
        Segments++;
        return Score(_segment);
    }

    /// <summary>Adds a whole corpus.</summary>
    /// <param name="hypotheses">The texts that are judged.</param>
    /// <param name="references">Their references, one list a hypothesis.</param>
    /// <exception cref="ArgumentException">There are more of the ones than of the others, or a row is invalid.</exception>
    public void AddRange(IEnumerable<string> hypotheses, IEnumerable<IReadOnlyList<string?>> references)
    {
        using IEnumerator<IReadOnlyList<string?>> others = Require.NotNull(references).GetEnumerator();
        foreach (string hypothesis in Require.NotNull(hypotheses))
        {
            Require.Argument(others.MoveNext(), Row.At("There must be references for every hypothesis; they end", Segments), nameof(references));
            Add(hypothesis, others.Current);
        }
        Require.Argument(!others.MoveNext(), Row.At("There must be a hypothesis for every list of references; they end", Segments), nameof(hypotheses));
    }

    /// <summary>The score of sums of statistics.</summary>
    internal abstract double Score(ReadOnlySpan<double> sums);

    private protected abstract void Measure(string hypothesis, IReadOnlyList<string?> references, Span<double> statistics);

    private protected void MergeCounted(CorpusAccumulator other, bool sameOptions)
    {
        Row.Other(this, other);
        Require.Argument(sameOptions, $"Both accumulators of {Name} must have the same options.", nameof(other));
        Require.Argument(PerSegment is null || other.PerSegment is not null || other.Segments == 0, "This accumulator keeps the statistics of each segment, so the other must keep them, too.", nameof(other));
        for (int i = 0; i < _sums.Length; i++) _sums[i] += other._sums[i];
        if (other.PerSegment is not null) PerSegment?.Merge(other.PerSegment);
        if (other._references >= 0)
        {
            if (other._referencesVary || (_references >= 0 && other._references != _references)) _referencesVary = true;
            _references = other._references;
        }
        Noted.Merge(other.Noted, Segments);
        Segments += other.Segments;
    }

    /// <summary>Reads a text, noting what is odd in it.</summary>
    private protected void Read(string text, CodePoints into, bool lowercase, CodePoints scratch)
    {
        bool broken = lowercase ? scratch.Set(text) : into.Set(text);
        if (broken) Noted.Note(LoneSurrogates, Segments);
        if (!lowercase) return;
        into.Clear();
        PythonText.AppendLower(scratch.Span, into);
    }

    private int CountReferences(string hypothesis, IReadOnlyList<string?> references)
    {
        Require.Argument(hypothesis is not null, Row.At("A hypothesis must be a text, the empty one where there is no answer; it is null", Segments), nameof(hypothesis));
        int given = 0;
        for (int i = 0; i < (references?.Count ?? 0); i++)
        {
            if (references![i] is not string reference) continue;
            given++;
            if (reference.Length == 0) Noted.Note(EmptyReference, Segments);
        }
        Require.Argument(given > 0, Row.At("A segment must have at least one reference that is not null; it has none", Segments), nameof(references));
        return given;
    }
}
