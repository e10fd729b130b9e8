using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class DigitsPreTokenizer(bool individualDigits) : TextPreTokenizer
{
    internal override void Apply(PieceList pieces)
    {
        if (individualDigits)
            pieces.SplitRuns(static codePoint => UnicodeProperties.IsNumeric(codePoint) ? PieceList.Alone : 1);
        else
            pieces.SplitRuns(static codePoint => UnicodeProperties.IsNumeric(codePoint) ? 2 : 1);
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("Digits");
        writer.WriteBoolean("individual_digits", individualDigits);
        writer.WriteEndObject();
    }
}
