using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class BertPreTokenizer : TextPreTokenizer
{
    internal override void Apply(PieceList pieces) => pieces.SplitRuns(static codePoint =>
        UnicodeProperties.IsWhiteSpace(codePoint) ? PieceList.LeftOut : UnicodeProperties.IsPunctuation(codePoint) ? PieceList.Alone : 1);

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("BertPreTokenizer");
        writer.WriteEndObject();
    }
}
