using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Word and character error rates of a corpus: sums of edits over sums of lengths, not means of the texts' rates.</summary>
public sealed record ErrorRateMetrics
{
    /// <summary>WER: word edits / reference words, 0 or greater; lower is better, more than 1 is possible. Without reference words 0 when there are no edits, infinity otherwise.</summary>
    public double WordErrorRate => WordEdits.ErrorRate;

    /// <summary>CER: character edits / reference characters, white space included; 0 or greater, lower is better.</summary>
    public double CharacterErrorRate => CharacterEdits.ErrorRate;

    /// <summary>MER: word edits / (word edits + right words), from 0 to 1; 0 without words. Morris, Maier and Green, Interspeech 2004.</summary>
    public double MatchErrorRate => WordEdits.Distance == 0 ? 0 : (double)WordEdits.Distance / (WordEdits.Distance + WordEdits.Hits);

    /// <summary>WIL: 1 - right words² / (reference words * hypothesis words), from 0 to 1; 0 when both have no words, 1 when one has none. Morris, Maier and Green, Interspeech 2004.</summary>
    public double WordInformationLost => WordEdits.Distance == 0 ? 0 : WordEdits.Hits == 0 ? 1 : 1 - ((double)WordEdits.Hits / WordEdits.ReferenceLength * ((double)WordEdits.Hits / WordEdits.HypothesisLength));

    /// <summary>Edits between words.</summary>
    public required EditCounts WordEdits { get; init; }

    /// <summary>Edits between characters.</summary>
    public required EditCounts CharacterEdits { get; init; }

    /// <summary>Words of the references.</summary>
    public long ReferenceWords => WordEdits.ReferenceLength;

    /// <summary>Characters (code points) of the references, white space included.</summary>
    public long ReferenceCharacters => CharacterEdits.ReferenceLength;

    /// <summary>Texts.</summary>
    public required long Segments { get; init; }

    /// <summary>What the input had that its owner should know.</summary>
    public IReadOnlyList<InputWarning> Warnings { get; init; } = [];

    /// <summary>One line.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"WER {WordErrorRate:0.0000}, CER {CharacterErrorRate:0.0000} over {Segments} texts");
}
