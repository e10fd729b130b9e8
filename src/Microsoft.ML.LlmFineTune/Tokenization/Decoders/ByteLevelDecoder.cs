using System.Runtime.InteropServices;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Tokens back to text: their bytes, read as UTF-8. What isn't UTF-8 becomes U+FFFD.</summary>
internal static class ByteLevelDecoder
{
    public static string Decode(IEnumerable<string> tokens)
    {
        var bytes = new List<byte>();
        foreach (var token in tokens)
            ByteAlphabet.AppendBytes(token, bytes);
        return Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(bytes));
    }
}
