using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class DecoderSequence(TokenDecoder[] decoders) : TokenDecoder
{
    // Decoders that each double a text would ask for all memory there is.
    private const int MostGrowth = 256;
    private const int AlwaysAllowed = 1 << 20;

    internal override List<string> Apply(List<string> tokens)
    {
        var most = Math.Max(AlwaysAllowed, MostGrowth * LengthOf(tokens));
        foreach (var decoder in decoders)
        {
            tokens = decoder.Apply(tokens);
            if (LengthOf(tokens) > most)
                throw new InvalidOperationException($"The tokenizer's decoder makes a text more than {MostGrowth} times as long: its replacements feed each other. Correct its file.");
        }
        return tokens;
    }

    private static long LengthOf(List<string> tokens)
    {
        var length = 0L;
        foreach (var token in tokens)
            length += token.Length;
        return length;
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
