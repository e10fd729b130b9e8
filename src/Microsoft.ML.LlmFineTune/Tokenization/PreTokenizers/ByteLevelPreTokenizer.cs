using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, bool useRegex, bool trimOffsets = true) : TextPreTokenizer
{
    private const string Gpt2Words = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private static readonly TextPattern WordPattern = TextPattern.OfRegex(Gpt2Words);

    internal override bool SpellsBytesLast => true;

    internal override void Apply(PieceList pieces)
    {
        ApplyWithoutSpelling(pieces);
        pieces.Rewrite(static (text, piece) => ByteAlphabet.SpellBytes(text, piece.Start, piece.End));
    }

    internal override void ApplyWithoutSpelling(PieceList pieces)
    {
        if (addPrefixSpace)
            pieces.PrependWhereAbsent(' ');
        if (useRegex)
            pieces.Split(WordPattern, invert: false, SplitBehavior.Isolated);
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("ByteLevel");
        writer.WriteBoolean("add_prefix_space", addPrefixSpace);
        writer.WriteBoolean("trim_offsets", trimOffsets);
        writer.WriteBoolean("use_regex", useRegex);
        writer.WriteEndObject();
    }
}
