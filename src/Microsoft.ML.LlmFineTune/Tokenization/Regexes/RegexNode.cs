namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A parsed pattern.</summary>
internal abstract record RegexNode
{
    /// <summary>One code point of a set.</summary>
    public sealed record Character(CodePointSet Set) : RegexNode;

    public sealed record Sequence(IReadOnlyList<RegexNode> Items) : RegexNode;

    public sealed record Alternation(IReadOnlyList<RegexNode> Choices) : RegexNode;

    /// <summary>A repetition; <see cref="Maximum"/> null: without end.</summary>
    public sealed record Repetition(RegexNode Item, int Minimum, int? Maximum, RepetitionKind Kind) : RegexNode;

    /// <summary>A group that is kept for back references.</summary>
    public sealed record Capture(int Number, RegexNode Item) : RegexNode;

    /// <summary>A group that gives nothing back.</summary>
    public sealed record Atomic(RegexNode Item) : RegexNode;

    public sealed record Look(RegexNode Item, bool Behind, bool Negative) : RegexNode;

    /// <summary>What a group matched, again; of several groups of one name the last that matched.</summary>
    public sealed record BackReference(IReadOnlyList<int> Numbers, bool IgnoreCase) : RegexNode;

    /// <summary>A place in the text, in .NET's own spelling.</summary>
    public sealed record Anchor(string Pattern) : RegexNode;

    /// <summary>Between a character of a set and one that isn't, or the opposite.</summary>
    public sealed record Boundary(CodePointSet Word, bool Negative) : RegexNode;
}
