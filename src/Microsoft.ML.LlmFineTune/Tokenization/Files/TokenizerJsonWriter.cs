using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Writes tokenizer.json as Hugging Face's library does: the same sections in the same order.</summary>
internal static class TokenizerJsonWriter
{
    public static void Write(TokenizerParts parts, Stream stream)
    {
        using var writer = new Utf8JsonWriter(stream, ComponentJson.WriterOptions);
        writer.WriteStartObject();
        writer.WriteString("version", "1.0");
        TruncationJson.Write(writer, parts.Truncation);
        TruncationJson.Write(writer, parts.Padding);
        AddedTokenJson.Write(writer, parts.AddedTokens);
        Write(writer, "normalizer", parts.Normalizer is null ? null : parts.Normalizer.Write);
        Write(writer, "pre_tokenizer", parts.PreTokenizer is null ? null : parts.PreTokenizer.Write);
        Write(writer, "post_processor", parts.PostProcessor is null ? null : parts.PostProcessor.Write);
        Write(writer, "decoder", parts.Decoder is null ? null : parts.Decoder.Write);
        Write(writer, "model", parts.Model.Write);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, string section, Action<Utf8JsonWriter>? write)
    {
        writer.WritePropertyName(section);
        if (write is null)
            writer.WriteNullValue();
        else
            write(writer);
    }
}
