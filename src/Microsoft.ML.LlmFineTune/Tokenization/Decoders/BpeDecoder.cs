using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class BpeDecoder(string suffix) : TokenDecoder
{
    internal override List<string> Apply(List<string> tokens) =>
        suffix.Length == 0 ? tokens : [.. tokens.Select((token, i) => token.Replace(suffix, i == tokens.Count - 1 ? "" : " ", StringComparison.Ordinal))];

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("BPEDecoder");
        writer.WriteString("suffix", suffix);
        writer.WriteEndObject();
    }
}
