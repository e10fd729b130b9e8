using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Cuts a template into tokens, with Jinja's control of white space: a tag's minus takes the white space beside it, one line feed behind a block or comment goes (trim_blocks), and so do the blanks before one at the start of a line (lstrip_blocks).
/// Tokens come as they are asked for, so that the first error in the text is the one that is told.
/// </summary>
internal sealed class Lexer(TemplateSource source)
{
    private static readonly string[] Operators = ["//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"];

    private readonly string _text = source.Text;
    private int _at;
    private bool _lineStarts = true;

    public IEnumerable<Token> Tokens()
    {
        while (_at < _text.Length)
        {
            var start = _at;
            var tag = NextTag(start);
            if (tag < 0)
            {
                _at = _text.Length;
                yield return new Token(TokenKind.Data, _text[start..], null, start);
                break;
            }
            var kind = _text[tag + 1];
            var afterTag = tag + 2;
            var sign = afterTag < _text.Length && _text[afterTag] is '-' or '+' ? _text[afterTag] : '\0';
            var rawEnd = kind == '%' ? RawBegin(sign == '\0' ? afterTag : afterTag + 1) : -1;
            var data = Leading(_text[start..tag], sign, strips: kind != '{' || rawEnd >= 0);
            if (data.Length > 0) yield return new Token(TokenKind.Data, data, null, start);
            _at = rawEnd >= 0 ? rawEnd : sign == '\0' ? afterTag : afterTag + 1;
            _lineStarts = _text[_at - 1] == '\n';
            if (rawEnd >= 0)
            {
                var raw = Raw(tag);
                if (raw.Length > 0) yield return new Token(TokenKind.Data, raw, null, rawEnd);
            }
            else if (kind == '#')
            {
                SkipComment(tag);
            }
            else
            {
                yield return new Token(kind == '{' ? TokenKind.PrintBegin : TokenKind.BlockBegin, "", null, tag);
                foreach (var token in Inside(kind)) yield return token;
            }
        }
        yield return new Token(TokenKind.End, "", null, _text.Length);
    }

    private int NextTag(int from)
    {
        for (var at = from; (at = _text.IndexOf('{', at)) >= 0 && at + 1 < _text.Length; at++)
        {
            if (_text[at + 1] is '%' or '{' or '#') return at;
        }
        return -1;
    }

    /// <summary>The text before a tag, as the tag's sign leaves it.</summary>
    private string Leading(string text, char sign, bool strips)
    {
        if (sign == '-') return Characters.Strip(text, null, start: false, end: true);
        if (sign == '+' || !strips) return text;
        var line = text.LastIndexOf('\n') + 1;
        if (line == text.Length || (line == 0 && !_lineStarts)) return text;
        for (var i = line; i < text.Length; i++)
        {
            if (!Characters.IsSpace(text[i])) return text;
        }
        return text[..line];
    }

    /// <summary>Where the text behind <c>{% raw %}</c> starts, if that stands here; or -1.</summary>
    private int RawBegin(int at)
    {
        at = SkipSpace(at);
        if (!Stands("raw", at)) return -1;
        at = SkipSpace(at + 3);
        if (Stands("-%}", at)) return SkipSpace(at + 3);
        return Stands("%}", at) ? at + 2 : -1;
    }

    private string Raw(int tag)
    {
        for (var at = _at; (at = _text.IndexOf("{%", at, StringComparison.Ordinal)) >= 0; at += 2)
        {
            var sign = at + 2 < _text.Length && _text[at + 2] is '-' or '+' ? _text[at + 2] : '\0';
            var name = SkipSpace(sign == '\0' ? at + 2 : at + 3);
            if (!Stands("endraw", name)) continue;
            var end = BlockEnd(SkipSpace(name + 6));
            if (end < 0) continue;
            var data = Leading(_text[_at..at], sign, strips: true);
            Move(end);
            return data;
        }
        throw source.Error("Missing end of raw directive", tag);
    }

    private void SkipComment(int tag)
    {
        var end = _text.IndexOf("#}", _at, StringComparison.Ordinal);
        if (end < 0) throw source.Error("Missing end of comment tag", tag);
        var sign = end > _at ? _text[end - 1] : '\0';
        Move(sign == '-' ? SkipSpace(end + 2) : sign != '+' && Stands("\n", end + 2) ? end + 3 : end + 2);
    }

    private IEnumerable<Token> Inside(char kind)
    {
        var open = new Stack<char>();
        while (true)
        {
            if (open.Count == 0)
            {
                var end = kind == '%' ? BlockEnd(_at) : PrintEnd(_at);
                if (end >= 0)
                {
                    var start = _at;
                    Move(end);
                    yield return new Token(kind == '%' ? TokenKind.BlockEnd : TokenKind.PrintEnd, "", null, start);
                    yield break;
                }
            }
            if (_at >= _text.Length) yield break;
            if (Characters.IsSpace(_text[_at]))
            {
                _at = SkipSpace(_at);
                continue;
            }
            var token = Number() ?? Name() ?? Literal() ?? Sign() ?? throw source.Error($"unexpected char {Printing.Repr(CodePointText.ToText(CodePointText.ValueAt(_text, _at)))} at {CodePointText.Count(_text.AsSpan(0, _at))}", _at);
            if (token.Kind == TokenKind.Operator)
            {
                switch (token.Text[0])
                {
                    case '{': open.Push('}'); break;
                    case '(': open.Push(')'); break;
                    case '[': open.Push(']'); break;
                    case '}' or ')' or ']':
                        if (open.Count == 0) throw source.Error($"unexpected '{token.Text}'", token.At);
                        var expected = open.Pop();
                        if (expected != token.Text[0]) throw source.Error($"unexpected '{token.Text}', expected '{expected}'", token.At);
                        break;
                }
            }
            _at += token.Value is LiteralText literal ? literal.Length : token.Text.Length;
            yield return token.Value is LiteralText ended ? token with { Value = ended.Value } : token;
        }
    }

    private void Move(int end)
    {
        _lineStarts = _text[end - 1] == '\n';
        _at = end;
    }

    private int BlockEnd(int at)
    {
        if (Stands("+%}", at)) return at + 3;
        if (Stands("-%}", at)) return SkipSpace(at + 3);
        return Stands("%}", at) ? (Stands("\n", at + 2) ? at + 3 : at + 2) : -1;
    }

    private int PrintEnd(int at) => Stands("-}}", at) ? SkipSpace(at + 3) : Stands("}}", at) ? at + 2 : -1;

    private bool Stands(string part, int at) => at <= _text.Length && _text.AsSpan(at).StartsWith(part, StringComparison.Ordinal);

    private int SkipSpace(int at)
    {
        while (at < _text.Length && Characters.IsSpace(_text[at])) at++;
        return at;
    }

    private Token? Number()
    {
        var real = RealEnd();
        if (real > 0) return new Token(TokenKind.Real, _text[_at..real], double.Parse(_text[_at..real].Replace("_", "", StringComparison.Ordinal), CultureInfo.InvariantCulture), _at);
        if (!IsDigit(_at)) return null;
        var (radix, end) = (10, _at);
        if (_text[_at] == '0' && _at + 1 < _text.Length && char.ToLowerInvariant(_text[_at + 1]) is var mark && (mark switch { 'b' => 2, 'o' => 8, 'x' => 16, _ => 0 }) is > 0 and var prefixed && Digits(_at + 2, prefixed, leading: true) is var last && last > _at + 2)
            (radix, end) = (prefixed, last);
        else if (_text[_at] == '0')
            while (Stands("0", end) || (Stands("_0", end) && end > _at)) end += _text[end] == '_' ? 2 : 1;
        else
            end = Digits(_at, 10, leading: false);
        var text = _text[_at..end];
        try
        {
            return new Token(TokenKind.Integer, text, PythonNumbers.Box(PythonNumbers.Parse(text, radix)!.Value), _at);
        }
        catch (ChatTemplateException e)
        {
            throw source.Error(e.Reason, _at, e.Kind);
        }
    }

    private int Digits(int at, int radix, bool leading)
    {
        bool Is(int position) => position < _text.Length && (radix == 16 ? char.IsAsciiHexDigit(_text[position]) : _text[position] >= '0' && _text[position] < '0' + radix);
        if (!leading && Is(at)) at++;
        while (Is(at) || (Stands("_", at) && Is(at + 1))) at += _text[at] == '_' ? 2 : 1;
        return at;
    }

    private int RealEnd()
    {
        if (!IsDigit(_at) || (_at > 0 && _text[_at - 1] == '.')) return -1;
        var end = Digits(_at, 10, leading: false);
        var fraction = Stands(".", end) && IsDigit(end + 1) ? Digits(end + 1, 10, leading: false) : -1;
        var mantissa = fraction > 0 ? fraction : end;
        if (mantissa < _text.Length && _text[mantissa] is 'e' or 'E')
        {
            var exponent = mantissa + 1;
            if (exponent < _text.Length && _text[exponent] is '+' or '-') exponent++;
            if (IsDigit(exponent)) return Digits(exponent, 10, leading: false);
        }
        return fraction;
    }

    private bool IsDigit(int at) => at < _text.Length && char.IsAsciiDigit(_text[at]);

    private Token? Name()
    {
        var end = _at;
        while (end < _text.Length && CodePointText.ValueAt(_text, end) is var character && (Characters.IsWord(character) || (character >= 128 && Characters.ContinuesIdentifier(character)))) end += CodePointText.LengthAt(_text, end);
        if (end == _at) return null;
        var name = _text[_at..end];
        return Characters.IsIdentifier(name) ? new Token(TokenKind.Name, name, null, _at) : throw source.Error("Invalid character in identifier", _at);
    }

    private Token? Sign()
    {
        foreach (var sign in Operators)
        {
            if (Stands(sign, _at)) return new Token(TokenKind.Operator, sign, null, _at);
        }
        return null;
    }

    private Token? Literal()
    {
        var quote = _text[_at];
        if (quote is not ('\'' or '"')) return null;
        for (var end = _at + 1; end < _text.Length; end++)
        {
            if (_text[end] == '\\') end++;
            else if (_text[end] == quote) return new Token(TokenKind.Text, "", new LiteralText(Escapes.Resolve(_text[(_at + 1)..end], source, _at), end + 1 - _at), _at);
        }
        return null;
    }

    /// <summary>The value of a text literal, and how long it is in the template.</summary>
    private sealed record LiteralText(string Value, int Length);
}
