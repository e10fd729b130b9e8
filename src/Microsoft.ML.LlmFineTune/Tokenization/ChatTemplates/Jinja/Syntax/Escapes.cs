using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The escapes of text literals, which are Python's. An unknown one stays as it is.</summary>
internal static class Escapes
{
    public static string Resolve(string body, TemplateSource source, int at)
    {
        if (!body.Contains('\\')) return body;
        var output = new System.Text.StringBuilder(body.Length);
        for (var i = 0; i < body.Length; i++)
        {
            if (body[i] != '\\')
            {
                output.Append(body[i]);
                continue;
            }
            i++;
            switch (body[i])
            {
                case '\n': break;
                case 'a': output.Append('\a'); break;
                case 'b': output.Append('\b'); break;
                case 'f': output.Append('\f'); break;
                case 'n': output.Append('\n'); break;
                case 'r': output.Append('\r'); break;
                case 't': output.Append('\t'); break;
                case 'v': output.Append('\v'); break;
                case '\\' or '\'' or '"': output.Append(body[i]); break;
                case >= '0' and <= '7':
                    var code = 0;
                    for (var digits = 0; digits < 3 && i < body.Length && body[i] is >= '0' and <= '7'; digits++, i++) code = (code * 8) + body[i] - '0';
                    i--;
                    output.Append((char)code);
                    break;
                case 'x': output.Append(Hexadecimal(2)); break;
                case 'u': output.Append(Hexadecimal(4)); break;
                case 'U': output.Append(Hexadecimal(8)); break;
                case 'N': throw source.Error("characters by name (\\N{...}) are not supported: write the character itself, or \\u and its code", at);
                case >= '\x80':
                    // The reference escapes what is not ASCII before it looks for escapes, and so finds a backslash and the letters of one.
                    var character = CodePointText.ValueAt(body, i);
                    i += CodePointText.LengthAt(body, i) - 1;
                    output.Append(CultureInfo.InvariantCulture, $"\\{(character < 0x100 ? $"x{character:x2}" : character < 0x10000 ? $"u{character:x4}" : $"U{character:x8}")}");
                    break;
                default: output.Append('\\').Append(body[i]); break;
            }

            string Hexadecimal(int count)
            {
                var mark = body[i];
                var digits = body.AsSpan(i + 1, Math.Min(count, body.Length - i - 1));
                if (digits.Length < count || digits.ContainsAnyExcept("0123456789abcdefABCDEF")) throw source.Error($"truncated \\{mark}{new string('X', count)} escape", at);
                i += count;
                var value = long.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                return value <= 0x10ffff ? CodePointText.ToText((int)value) : throw source.Error("illegal Unicode character", at);
            }
        }
        return output.ToString();
    }
}
