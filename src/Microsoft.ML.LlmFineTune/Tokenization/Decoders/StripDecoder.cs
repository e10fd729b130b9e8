using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class StripDecoder(char content, int start, int stop) : TokenDecoder
{
    internal override List<string> Apply(List<string> tokens) => [.. tokens.Select(Strip)];

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("Strip");
        writer.WriteString("content", content.ToString());
        writer.WriteNumber("start", start);
        writer.WriteNumber("stop", stop);
        writer.WriteEndObject();
    }

    private string Strip(string token)
    {
        var (first, end) = (0, token.Length);
        while (first < Math.Min(start, token.Length) && token[first] == content)
            first++;
        while (end > first && token.Length - end < stop && token[end - 1] == content)
            end--;
        return token[first..end];
    }
}
