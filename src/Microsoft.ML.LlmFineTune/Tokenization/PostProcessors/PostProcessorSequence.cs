using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class PostProcessorSequence(TokenPostProcessor[] processors) : TokenPostProcessor
{
    internal override IEnumerable<(string Token, int Id)> SpecialTokens => processors.SelectMany(processor => processor.SpecialTokens);

    public override int AddedTokens(bool pair) => processors.Sum(processor => processor.AddedTokens(pair));

    internal override List<EncodedTokens> Process(List<EncodedTokens> texts, bool addSpecialTokens, Func<EncodedTokens, int, string> spell)
    {
        foreach (var processor in processors)
            texts = processor.Process(texts, addSpecialTokens, spell);
        return texts;
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("Sequence");
        writer.WriteStartArray("processors");
        foreach (var processor in processors)
            processor.Write(writer);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
