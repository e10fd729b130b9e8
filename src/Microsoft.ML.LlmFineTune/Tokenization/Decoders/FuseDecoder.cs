using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class FuseDecoder : TokenDecoder
{
    internal override List<string> Apply(List<string> tokens) => [string.Concat(tokens)];

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("Fuse");
        writer.WriteEndObject();
    }
}
