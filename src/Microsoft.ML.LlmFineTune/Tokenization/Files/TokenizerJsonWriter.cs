using System.Text.Encodings.Web;
using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Writes tokenizer.json as Hugging Face's library does: the same sections in the same order.</summary>
internal static class TokenizerJsonWriter
{
    // Vocabularies are mostly beyond ASCII; escaped, nobody could read them.
    private static readonly JsonWriterOptions Options = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(TokenizerModel tokenizer, Stream stream)
    {
        using var writer = new Utf8JsonWriter(stream, Options);
        writer.WriteStartObject();
        writer.WriteString("version", "1.0");
        writer.WriteNull("truncation");
        writer.WriteNull("padding");
        AddedTokenJson.Write(writer, tokenizer.AddedTokens);
        writer.WriteNull("normalizer");
        WriteByteLevel(writer, "pre_tokenizer", tokenizer.ByteLevel.AddPrefixSpace, tokenizer.ByteLevel.SplitWords);
        if (tokenizer.PostProcessor.Json is { } postProcessor)
        {
            writer.WritePropertyName("post_processor");
            postProcessor.WriteTo(writer);
        }
        else
        {
            writer.WriteNull("post_processor");
        }
        // The decoder's own flags have no effect.
        WriteByteLevel(writer, "decoder", addPrefixSpace: true, splitWords: true);
        BpeModelJson.Write(writer, tokenizer.Model);
        writer.WriteEndObject();
    }

    private static void WriteByteLevel(Utf8JsonWriter writer, string name, bool addPrefixSpace, bool splitWords)
    {
        writer.WriteStartObject(name);
        writer.WriteString("type", "ByteLevel");
        writer.WriteBoolean("add_prefix_space", addPrefixSpace);
        writer.WriteBoolean("trim_offsets", true);
        writer.WriteBoolean("use_regex", splitWords);
        writer.WriteEndObject();
    }
}
