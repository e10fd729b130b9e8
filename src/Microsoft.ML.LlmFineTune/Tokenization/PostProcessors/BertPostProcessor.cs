using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class BertPostProcessor((string Token, int Id) separator, (string Token, int Id) classification) : TokenPostProcessor
{
    internal override IEnumerable<(string Token, int Id)> SpecialTokens => [separator, classification];

    public override int AddedTokens(bool pair) => pair ? 3 : 2;

    internal override List<EncodedTokens> Process(List<EncodedTokens> texts, bool addSpecialTokens, Func<EncodedTokens, int, string> spell)
    {
        if (!addSpecialTokens)
            return texts;
        return [.. texts.Select((text, i) => i == 0
            ? text.Surround(EncodedTokens.Special([classification], 0, spell), EncodedTokens.Special([separator], 0, spell))
            : text.Surround(null, EncodedTokens.Special([separator], 1, spell)))];
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("BertProcessing");
        PostProcessorJson.WriteToken(writer, "sep", separator);
        PostProcessorJson.WriteToken(writer, "cls", classification);
        writer.WriteEndObject();
    }
}
