using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class CharDelimiterPreTokenizer(char delimiter) : TextPreTokenizer
{
    private readonly TextPattern _delimiter = TextPattern.OfLiteral(delimiter.ToString());

    internal override void Apply(PieceList pieces) => pieces.Split(_delimiter, invert: false, SplitBehavior.Removed);

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("CharDelimiterSplit");
        writer.WriteString("delimiter", delimiter.ToString());
        writer.WriteEndObject();
    }
}
