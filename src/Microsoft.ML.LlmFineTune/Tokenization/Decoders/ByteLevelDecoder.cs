using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class ByteLevelDecoder(bool addPrefixSpace = true, bool trimOffsets = true, bool useRegex = true) : TokenDecoder
{
    internal override List<string> Apply(List<string> tokens)
    {
        var bytes = new List<byte>();
        foreach (var token in tokens)
            ByteAlphabet.AppendBytes(token, bytes);
        return [Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(bytes))];
    }

    // The flags have no effect on decoding; files have them all the same.
    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("ByteLevel");
        writer.WriteBoolean("add_prefix_space", addPrefixSpace);
        writer.WriteBoolean("trim_offsets", trimOffsets);
        writer.WriteBoolean("use_regex", useRegex);
        writer.WriteEndObject();
    }
}
