using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class SplitPreTokenizer(TextPattern pattern, SplitBehavior behavior, bool invert) : TextPreTokenizer
{
    internal override void Apply(PieceList pieces) => pieces.Split(pattern, invert, behavior);

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("Split");
        pattern.Write(writer);
        writer.WriteString("behavior", behavior.ToString());
        writer.WriteBoolean("invert", invert);
        writer.WriteEndObject();
    }
}
