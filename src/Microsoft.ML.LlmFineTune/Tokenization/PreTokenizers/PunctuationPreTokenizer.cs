using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class PunctuationPreTokenizer(SplitBehavior behavior) : TextPreTokenizer
{
    internal override void Apply(PieceList pieces) => pieces.Split(UnicodeProperties.IsPunctuation, behavior);

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("Punctuation");
        writer.WriteString("behavior", behavior.ToString());
        writer.WriteEndObject();
    }
}
