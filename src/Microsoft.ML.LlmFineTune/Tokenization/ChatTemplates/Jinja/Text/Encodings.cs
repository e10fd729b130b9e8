using System.Text;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary><c>str.encode</c> and <c>bytes.decode</c>, for UTF-8, ASCII and Latin-1.</summary>
internal static class Encodings
{
    public static object Encode(string text, Arguments arguments)
    {
        arguments.Expect("encode", 0, 2, "encoding", "errors");
        var codec = Codec(arguments);
        var errors = Printing.Text(arguments.At(1, "errors", "strict"));
        var output = new List<byte>(text.Length);
        RenderBudget.Make(text.Length * 3L);
        var position = 0;
        foreach (var character in CodePointText.Values(text))
        {
            if (codec is "utf-8" && character is not (>= 0xd800 and <= 0xdfff)) output.AddRange(Encoding.UTF8.GetBytes(CodePointText.ToText(character)));
            else if (character < (codec == "ascii" ? 128 : codec == "latin-1" ? 256 : 0)) output.Add((byte)character);
            else
            {
                switch (errors)
                {
                    case "ignore": break;
                    case "replace": output.Add((byte)'?'); break;
                    case "xmlcharrefreplace": output.AddRange(Encoding.ASCII.GetBytes($"&#{character};")); break;
                    case "backslashreplace": output.AddRange(Encoding.ASCII.GetBytes(character < 256 ? $"\\x{character:x2}" : character < 0x10000 ? $"\\u{character:x4}" : $"\\U{character:x8}")); break;
                    default:
                        var why = codec == "utf-8" ? "surrogates not allowed" : $"ordinal not in range({(codec == "ascii" ? 128 : 256)})";
                        throw new ChatTemplateException(ChatTemplateErrorKind.UnicodeEncodeError, $"'{codec}' codec can't encode character {Printing.Ascii(CodePointText.ToText(character))} in position {position}: {why}");
                }
            }
            position++;
        }
        return new BytesValue([.. output]);
    }

    public static object Decode(byte[] bytes, Arguments arguments)
    {
        arguments.Expect("decode", 0, 2, "encoding", "errors");
        var codec = Codec(arguments);
        var errors = Printing.Text(arguments.At(1, "errors", "strict"));
        RenderBudget.Make(bytes.Length);
        if (codec == "latin-1") return Encoding.Latin1.GetString(bytes);
        var encoding = Encoding.GetEncoding(codec == "ascii" ? "us-ascii" : "utf-8", EncoderFallback.ExceptionFallback,
            errors switch { "ignore" => new DecoderReplacementFallback(""), "replace" => new DecoderReplacementFallback("\ufffd"), _ => DecoderFallback.ExceptionFallback });
        try
        {
            return encoding.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new ChatTemplateException(ChatTemplateErrorKind.UnicodeDecodeError, $"'{codec}' codec can't decode byte 0x{e.BytesUnknown?[0]:x2} in position {e.Index}");
        }
    }

    private static string Codec(Arguments arguments)
    {
        var name = arguments.At(0, "encoding", "utf-8");
        if (!Values.IsText(name, out var given)) throw Raise.Type($"encode() argument 'encoding' must be str, not {Values.TypeName(name)}");
        return given.ToLowerInvariant().Replace('_', '-') switch
        {
            "utf-8" or "utf8" or "u8" => "utf-8",
            "ascii" or "us-ascii" => "ascii",
            "latin-1" or "latin1" or "iso-8859-1" or "iso8859-1" => "latin-1",
            _ => throw new ChatTemplateException(ChatTemplateErrorKind.LookupError, $"unknown encoding: {given}"),
        };
    }
}
