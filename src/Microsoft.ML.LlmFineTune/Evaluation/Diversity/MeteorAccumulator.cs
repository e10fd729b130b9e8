using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>METEOR, text by text: the mean of the texts' scores, in constant memory.</summary>
public sealed class MeteorAccumulator
{
    private const string EmptyReference = "no reference has words; the text scores 0";

    private readonly InputWarnings _warnings = new();
    private double _sum;
    private long _segments;

    /// <summary>Creates an empty accumulator.</summary>
    /// <param name="options">How METEOR is computed; default null: nltk's.</param>
    /// <param name="keepSegments">Whether the score of each text is kept, for confidence intervals and paired tests.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public MeteorAccumulator(MeteorOptions? options = null, bool keepSegments = false)
    {
        Options = options ?? new MeteorOptions();
        Options.Validate();
        if (keepSegments) PerSegment = SegmentStatistics.OfMean("METEOR", []);
    }

    /// <summary>How METEOR is computed.</summary>
    public MeteorOptions Options { get; }

    /// <summary>The score of each text; null unless the texts were to be kept.</summary>
    public SegmentStatistics? PerSegment { get; }

    /// <summary>What was added so far, divided once.</summary>
    /// <exception cref="InvalidOperationException">Nothing was added.</exception>
    public MeteorMetrics Compute()
    {
        Row.Some(_segments);
        return new(_sum / _segments, _segments, _warnings.List);
    }

    /// <summary>Adds a text with one reference.</summary>
    /// <param name="hypothesis">The text that is judged.</param>
    /// <param name="reference">The text that it should be like.</param>
    /// <returns>The text's own score.</returns>
    /// <exception cref="ArgumentException">A text is null; the message names the row.</exception>
    public double Add(string hypothesis, string reference) => Add(hypothesis, [reference]);

    /// <summary>Adds a text; the reference that suits it best counts.</summary>
    /// <param name="hypothesis">The text that is judged.</param>
    /// <param name="references">The texts that it should be like; at least one.</param>
    /// <returns>The text's own score.</returns>
    /// <exception cref="ArgumentException">A text is null, or there is no reference; the message names the row.</exception>
    public double Add(string hypothesis, IReadOnlyList<string> references)
    {
        Require.Argument(hypothesis is not null && references is { Count: > 0 } && references.All(reference => reference is not null),
            string.Create(CultureInfo.InvariantCulture, $"There must be a hypothesis and at least one reference, none of them null; that is not so at row {_segments} (counted from 0)."), nameof(references));
        if (references.All(reference => PythonText.Split(reference).Length == 0)) _warnings.Note(EmptyReference, _segments);
        double score = Meteor.Sentence(hypothesis, references, Options);
        _sum += score;
        _segments++;
        PerSegment?.Add([score, 1]);
        return score;
    }

    /// <summary>Adds what another accumulator (of another part of the corpus) has counted, as if its texts followed.</summary>
    /// <exception cref="ArgumentException">It has other options, or lacks the texts' scores that this one keeps.</exception>
    public void Merge(MeteorAccumulator other)
    {
        Row.Other(this, other);
        Require.Argument(other.Options == Options, "Both accumulators must have the same options.", nameof(other));
        Require.Argument(PerSegment is null || other.PerSegment is not null || other._segments == 0, "This accumulator keeps the score of each text, so the other must keep them, too.", nameof(other));
        if (other.PerSegment is not null) PerSegment?.Merge(other.PerSegment);
        _warnings.Merge(other._warnings, _segments);
        _sum += other._sum;
        _segments += other._segments;
    }
}
