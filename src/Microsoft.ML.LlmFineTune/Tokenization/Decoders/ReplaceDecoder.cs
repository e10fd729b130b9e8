using System.Text;
using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class ReplaceDecoder(TextPattern pattern, string content) : TokenDecoder
{
    internal override List<string> Apply(List<string> tokens) => [.. tokens.Select(Replace)];

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("Replace");
        pattern.Write(writer);
        writer.WriteString("content", content);
        writer.WriteEndObject();
    }

    private string Replace(string token)
    {
        if (!pattern.IsRegex && pattern.Text.Length > 0)
            return token.Replace(pattern.Text, content, StringComparison.Ordinal);
        // As in the reference, nothing matches in an empty token.
        if (token.Length == 0)
            return token;
        var text = new StringBuilder();
        var done = 0;
        var matches = pattern.In(token);
        while (matches.Next(out var start, out var end))
        {
            text.Append(token.AsSpan(done, start - done)).Append(content);
            done = end;
        }
        return text.Append(token.AsSpan(done)).ToString();
    }
}
