using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class WhitespaceSplitPreTokenizer : TextPreTokenizer
{
    internal override void Apply(PieceList pieces) => pieces.SplitRuns(static codePoint => UnicodeProperties.IsWhiteSpace(codePoint) ? PieceList.LeftOut : 1);

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("WhitespaceSplit");
        writer.WriteEndObject();
    }
}
