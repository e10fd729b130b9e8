using System.Text.Json.Serialization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>Which columns a tokenizer adds to a text column, and how texts are cut and padded. A column whose name is null is not added.</summary>
public sealed record TextTokenizationOptions
{
    /// <summary>The text column; a missing text is an empty one. Default "Text".</summary>
    public string TextColumnName { get; init; } = "Text";

    /// <summary>The text column of the second texts, where pairs are encoded. Default null: none.</summary>
    public string? PairColumnName { get; init; }

    /// <summary>The column of token ids, a vector of <see cref="IdType"/>. Default "Ids".</summary>
    public string? IdsColumnName { get; init; } = "Ids";

    /// <summary>What ids, masks and type ids are made of. Default <see cref="TokenIdType.Int32"/>.</summary>
    public TokenIdType IdType { get; init; } = TokenIdType.Int32;

    /// <summary>The column of tokens, a vector of text, as the vocabulary spells them. Default null.</summary>
    public string? TokensColumnName { get; init; }

    /// <summary>The column of 1 for tokens and 0 for padding, a vector. Default null.</summary>
    public string? AttentionMaskColumnName { get; init; }

    /// <summary>The column of 1 for tokens that the tokenizer added, padding among them, and 0 for those of the text, a vector. Default null.</summary>
    public string? SpecialTokensMaskColumnName { get; init; }

    /// <summary>The column of type ids, a vector: mostly 0 for a text, 1 for the second of a pair. Default null.</summary>
    public string? TypeIdsColumnName { get; init; }

    /// <summary>The column of word numbers, a vector of Int32, from 0 in each text; -1 for special tokens and padding. Default null.</summary>
    public string? WordIdsColumnName { get; init; }

    /// <summary>The column of where each token begins in its text, a vector of Int32, in UTF-16 units; 0 for special tokens and padding. Default null.</summary>
    public string? StartsColumnName { get; init; }

    /// <summary>The column of where each token ends in its text, one past its last UTF-16 unit, a vector of Int32; 0 for special tokens and padding. Default null.</summary>
    public string? EndsColumnName { get; init; }

    /// <summary>The column of how many tokens there are, an Int32, special tokens among them and padding not. Default null.</summary>
    public string? TokenCountColumnName { get; init; }

    /// <summary>The column of how many tokens of the text or texts were cut off, an Int32. Default null.</summary>
    public string? TruncatedTokensColumnName { get; init; }

    /// <summary>Whether the tokenizer's special tokens stand around a text. Default true. Tokenizers that are not a <see cref="TokenizerModel"/> put around it what they do, whatever is said here.</summary>
    public bool AddSpecialTokens { get; init; } = true;

    /// <summary>Tokens of a text or a pair at most, special tokens among them; at least 1, and at least the number of special tokens. Default null: nothing is cut. The tokenizer's own truncation and padding sections are not used.</summary>
    public int? MaximumTokens { get; init; }

    /// <summary>Which text of a pair is cut. Default <see cref="TruncationStrategy.LongestFirst"/>.</summary>
    public TruncationStrategy TruncationStrategy { get; init; } = TruncationStrategy.LongestFirst;

    /// <summary>Where tokens are cut off. Default <see cref="TruncationSide.Right"/>.</summary>
    public TruncationSide TruncationSide { get; init; } = TruncationSide.Right;

    /// <summary>Whether all rows are padded to <see cref="MaximumTokens"/>, which makes vectors of that fixed size. Default false: vectors are as long as their text has tokens.</summary>
    public bool PadToMaximum { get; init; }

    /// <summary>Where padding stands. Default <see cref="PaddingSide.Right"/>.</summary>
    public PaddingSide PaddingSide { get; init; } = PaddingSide.Right;

    /// <summary>The id of padding. Default null: that of the tokenizer.</summary>
    public int? PaddingId { get; init; }

    /// <summary>What a tokenizer that is not a <see cref="TokenizerModel"/> doesn't tell of itself; needed for keys (the size of the vocabulary) and for padding. Default null.</summary>
    public TokenizerFacts? Facts { get; init; }

    /// <summary>Stops reading: whoever reads rows then gets an <see cref="OperationCanceledException"/>. Not saved. Default: never.</summary>
    [JsonIgnore]
    public CancellationToken Cancellation { get; init; }

    internal IReadOnlyList<string> TextColumnNames => PairColumnName is null ? [TextColumnName] : [TextColumnName, PairColumnName];

    /// <summary>Checks every value that doesn't depend on the tokenizer.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.Text(TextColumnName);
        if (PairColumnName is not null)
            Require.Text(PairColumnName);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, option) in (ReadOnlySpan<(string?, string)>)
        [
            (IdsColumnName, nameof(IdsColumnName)), (TokensColumnName, nameof(TokensColumnName)), (AttentionMaskColumnName, nameof(AttentionMaskColumnName)), (SpecialTokensMaskColumnName, nameof(SpecialTokensMaskColumnName)),
            (TypeIdsColumnName, nameof(TypeIdsColumnName)), (WordIdsColumnName, nameof(WordIdsColumnName)), (StartsColumnName, nameof(StartsColumnName)), (EndsColumnName, nameof(EndsColumnName)),
            (TokenCountColumnName, nameof(TokenCountColumnName)), (TruncatedTokensColumnName, nameof(TruncatedTokensColumnName)),
        ])
        {
            if (name is not null)
                Require.Argument(names.Add(Require.Text(name, option)), $"Columns that are added must have names of their own; {option} is '{name}', which another one has.", option);
        }
        Require.Argument(names.Count > 0, "A tokenizer must add at least one column; all names are null.", nameof(IdsColumnName));
        Require.Argument(Enum.IsDefined(IdType), $"{nameof(IdType)} must be one of {string.Join(", ", Enum.GetNames<TokenIdType>())}; received {IdType}.", nameof(IdType));
        Require.Argument(Enum.IsDefined(TruncationStrategy), $"{nameof(TruncationStrategy)} must be one of {string.Join(", ", Enum.GetNames<TruncationStrategy>())}; received {TruncationStrategy}.", nameof(TruncationStrategy));
        Require.Argument(Enum.IsDefined(TruncationSide), $"{nameof(TruncationSide)} must be {TruncationSide.Left} or {TruncationSide.Right}; received {TruncationSide}.", nameof(TruncationSide));
        Require.Argument(Enum.IsDefined(PaddingSide), $"{nameof(PaddingSide)} must be {PaddingSide.Left} or {PaddingSide.Right}; received {PaddingSide}.", nameof(PaddingSide));
        Require.Argument(TruncationStrategy != TruncationStrategy.OnlySecond || PairColumnName is not null, $"{TruncationStrategy.OnlySecond} cuts the second text of a pair; {nameof(PairColumnName)} is null.", nameof(TruncationStrategy));
        if (MaximumTokens is { } maximum)
            Require.AtLeast(maximum, 1, nameof(MaximumTokens));
        Require.Argument(!PadToMaximum || MaximumTokens is not null, $"{nameof(PadToMaximum)} needs {nameof(MaximumTokens)}, which is null: rows come one by one, so the longest is not known.", nameof(PadToMaximum));
        if (PaddingId is { } padding)
            Require.NotNegative(padding, nameof(PaddingId));
    }
}
