using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class PreTokenizerSequence(TextPreTokenizer[] preTokenizers) : TextPreTokenizer
{
    internal override bool SpellsBytesLast => preTokenizers is [.., { SpellsBytesLast: true }];

    internal override void Apply(PieceList pieces)
    {
        foreach (var preTokenizer in preTokenizers)
            preTokenizer.Apply(pieces);
    }

    internal override void ApplyWithoutSpelling(PieceList pieces)
    {
        for (var i = 0; i < preTokenizers.Length; i++)
        {
            if (i == preTokenizers.Length - 1)
                preTokenizers[i].ApplyWithoutSpelling(pieces);
            else
                preTokenizers[i].Apply(pieces);
        }
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("Sequence");
        writer.WriteStartArray("pretokenizers");
        foreach (var preTokenizer in preTokenizers)
            preTokenizer.Write(writer);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
