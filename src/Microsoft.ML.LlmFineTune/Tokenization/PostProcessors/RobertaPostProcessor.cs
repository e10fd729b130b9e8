using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class RobertaPostProcessor((string Token, int Id) separator, (string Token, int Id) classification, bool trimOffsets, bool addPrefixSpace) : TokenPostProcessor
{
    internal override IEnumerable<(string Token, int Id)> SpecialTokens => [separator, classification];

    public override int AddedTokens(bool pair) => pair ? 4 : 2;

    internal override List<EncodedTokens> Process(List<EncodedTokens> texts, bool addSpecialTokens, Func<EncodedTokens, int, string> spell)
    {
        foreach (var text in texts)
        {
            if (trimOffsets)
                text.ForEach(part => ByteLevelPostProcessor.Trim(part, addPrefixSpace, spell));
            text.SetTypeIds(0);
        }
        if (!addSpecialTokens)
            return texts;
        foreach (var text in texts)
            text.ForEach(part => part.SetTypeIds(0));
        return [.. texts.Select((text, i) => text.Surround(EncodedTokens.Special([i == 0 ? classification : separator], 0, spell), EncodedTokens.Special([separator], 0, spell)))];
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("RobertaProcessing");
        PostProcessorJson.WriteToken(writer, "sep", separator);
        PostProcessorJson.WriteToken(writer, "cls", classification);
        writer.WriteBoolean("trim_offsets", trimOffsets);
        writer.WriteBoolean("add_prefix_space", addPrefixSpace);
        writer.WriteEndObject();
    }
}
