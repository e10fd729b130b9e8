using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class MetaspaceDecoder(char replacement, PrependScheme scheme, bool split) : TokenDecoder
{
    // The first token's was put there by the pre-tokenizer.
    internal override List<string> Apply(List<string> tokens) =>
        [.. tokens.Select((token, i) => i == 0 && scheme != PrependScheme.Never ? token.Replace(replacement.ToString(), "", StringComparison.Ordinal) : token.Replace(replacement, ' '))];

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("Metaspace");
        writer.WriteString("replacement", replacement.ToString());
        writer.WriteString("prepend_scheme", scheme.ToString().ToLowerInvariant());
        writer.WriteBoolean("split", split);
        writer.WriteEndObject();
    }
}
