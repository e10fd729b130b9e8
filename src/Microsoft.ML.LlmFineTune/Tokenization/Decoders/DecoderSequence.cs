using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class DecoderSequence(TokenDecoder[] decoders) : TokenDecoder
{
    internal override List<string> Apply(List<string> tokens)
    {
        foreach (var decoder in decoders)
            tokens = decoder.Apply(tokens);
        return tokens;
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("Sequence");
        writer.WriteStartArray("decoders");
        foreach (var decoder in decoders)
            decoder.Write(writer);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
