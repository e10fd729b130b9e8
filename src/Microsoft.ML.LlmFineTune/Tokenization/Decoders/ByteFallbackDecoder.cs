using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class ByteFallbackDecoder : TokenDecoder
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    internal override List<string> Apply(List<string> tokens)
    {
        var (texts, bytes) = (new List<string>(tokens.Count), new List<byte>());
        foreach (var token in tokens)
        {
            if (token is ['<', '0', 'x', _, _, '>'] && TryParse(token.AsSpan(3, 2), out var value))
            {
                bytes.Add(value);
                continue;
            }
            Flush(bytes, texts);
            texts.Add(token);
        }
        Flush(bytes, texts);
        return texts;
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("ByteFallback");
        writer.WriteEndObject();
    }

    // The reference's parser of numbers takes a sign before one digit, too.
    private static bool TryParse(ReadOnlySpan<char> digits, out byte value) =>
        byte.TryParse(digits[0] == '+' ? digits[1..] : digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);

    private static void Flush(List<byte> bytes, List<string> texts)
    {
        if (bytes.Count == 0)
            return;
        try
        {
            texts.Add(Strict.GetString(CollectionsMarshal.AsSpan(bytes)));
        }
        catch (DecoderFallbackException)
        {
            texts.AddRange(Enumerable.Repeat("\uFFFD", bytes.Count));
        }
        bytes.Clear();
    }
}
