using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class WhitespacePreTokenizer : TextPreTokenizer
{
    internal override void Apply(PieceList pieces) => pieces.SplitRuns(static codePoint =>
        WordCharacters.Contains(codePoint) ? 1 : UnicodeProperties.IsWhiteSpace(codePoint) ? PieceList.LeftOut : 2);

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("Whitespace");
        writer.WriteEndObject();
    }
}
