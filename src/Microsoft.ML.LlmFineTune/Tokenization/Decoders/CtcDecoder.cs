using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class CtcDecoder(string padToken, string wordDelimiterToken, bool cleanup) : TokenDecoder
{
    internal override List<string> Apply(List<string> tokens)
    {
        var texts = new List<string>(tokens.Count);
        for (var i = 0; i < tokens.Count; i++)
        {
            if (i > 0 && tokens[i] == tokens[i - 1])
                continue;
            var text = tokens[i].Replace(padToken, "", StringComparison.Ordinal);
            if (cleanup)
                text = WordPieceDecoder.CleanUp(text).Replace(wordDelimiterToken, " ", StringComparison.Ordinal);
            if (text.Length > 0)
                texts.Add(text);
        }
        return texts;
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("CTC");
        writer.WriteString("pad_token", padToken);
        writer.WriteString("word_delimiter_token", wordDelimiterToken);
        writer.WriteBoolean("cleanup", cleanup);
        writer.WriteEndObject();
    }
}
