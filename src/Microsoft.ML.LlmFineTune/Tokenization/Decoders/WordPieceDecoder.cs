using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class WordPieceDecoder(string prefix, bool cleanup) : TokenDecoder
{
    private static readonly (string From, string To)[] Cleanups =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    internal override List<string> Apply(List<string> tokens)
    {
        var texts = new List<string>(tokens.Count);
        foreach (var token in tokens)
        {
            var text = texts.Count == 0 ? token : token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
            texts.Add(cleanup ? CleanUp(text) : text);
        }
        return texts;
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("WordPiece");
        writer.WriteString("prefix", prefix);
        writer.WriteBoolean("cleanup", cleanup);
        writer.WriteEndObject();
    }

    /// <summary>Drops the space before punctuation and English contractions.</summary>
    public static string CleanUp(string text)
    {
        foreach (var (from, to) in Cleanups)
            text = text.Replace(from, to, StringComparison.Ordinal);
        return text;
    }
}
