using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Word and character error rates, text by text, in constant memory. Texts are compared as they are: lower-case them and remove punctuation before, where that should not count.</summary>
public sealed class ErrorRateAccumulator
{
    private const string EmptyReference = "a reference has no words; every word of its hypothesis is an insertion";

    private readonly InputWarnings _warnings = new();
    private EditCounts _words, _characters;

    /// <summary>Creates an empty accumulator.</summary>
    /// <param name="keepSegments">Whether the counts of each text are kept, for confidence intervals and paired tests.</param>
    public ErrorRateAccumulator(bool keepSegments = false)
    {
        if (!keepSegments) return;
        WordsPerSegment = new SegmentStatistics("WER", 2, Rate);
        CharactersPerSegment = new SegmentStatistics("CER", 2, Rate);
    }

    /// <summary>Texts seen.</summary>
    public long Segments { get; private set; }

    /// <summary>Word edits and reference words of each text; null unless the texts were to be kept.</summary>
    public SegmentStatistics? WordsPerSegment { get; }

    /// <summary>Character edits and reference characters of each text; null unless the texts were to be kept.</summary>
    public SegmentStatistics? CharactersPerSegment { get; }

    /// <summary>What was added so far, divided once.</summary>
    /// <exception cref="InvalidOperationException">Nothing was added.</exception>
    public ErrorRateMetrics Compute()
    {
        Row.Some(Segments);
        return new() { WordEdits = _words, CharacterEdits = _characters, Segments = Segments, Warnings = _warnings.List };
    }

    /// <summary>Adds a text.</summary>
    /// <param name="hypothesis">The text that is judged.</param>
    /// <param name="reference">The text that it should be.</param>
    /// <returns>The text's own metrics.</returns>
    /// <exception cref="ArgumentException">A text is null; the message names the row.</exception>
    public ErrorRateMetrics Add(string hypothesis, string reference)
    {
        Require.Argument(hypothesis is not null && reference is not null, string.Create(CultureInfo.InvariantCulture, $"Hypothesis and reference must be texts, empty ones where there is nothing; there is a null at row {Segments} (counted from 0)."), nameof(hypothesis));
        (EditCounts words, EditCounts characters) = (EditDistance.Words(hypothesis, reference), EditDistance.Characters(hypothesis, reference));
        if (words.ReferenceLength == 0) _warnings.Note(EmptyReference, Segments);
        _words += words;
        _characters += characters;
        WordsPerSegment?.Add([words.Distance, words.ReferenceLength]);
        CharactersPerSegment?.Add([characters.Distance, characters.ReferenceLength]);
        Segments++;
        return new ErrorRateMetrics { WordEdits = words, CharacterEdits = characters, Segments = 1 };
    }

    /// <summary>Adds what another accumulator (of another part of the corpus) has counted, as if its texts followed.</summary>
    /// <exception cref="ArgumentException">It lacks the texts' counts that this one keeps.</exception>
    public void Merge(ErrorRateAccumulator other)
    {
        Row.Other(this, other);
        Require.Argument(WordsPerSegment is null || other.WordsPerSegment is not null || other.Segments == 0, "This accumulator keeps the counts of each text, so the other must keep them, too.", nameof(other));
        if (other.WordsPerSegment is not null) WordsPerSegment?.Merge(other.WordsPerSegment);
        if (other.CharactersPerSegment is not null) CharactersPerSegment?.Merge(other.CharactersPerSegment);
        _warnings.Merge(other._warnings, Segments);
        _words += other._words;
        _characters += other._characters;
        Segments += other.Segments;
    }

    private static double Rate(ReadOnlySpan<double> sums) => sums[1] > 0 ? sums[0] / sums[1] : sums[0] > 0 ? double.PositiveInfinity : 0;
}
