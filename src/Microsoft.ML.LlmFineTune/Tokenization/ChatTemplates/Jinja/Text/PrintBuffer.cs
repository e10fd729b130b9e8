using System.Text;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A text that grows, each character counted as made.</summary>
internal sealed class PrintBuffer
{
    private readonly StringBuilder _text = new();

    public int Length => _text.Length;

    public void Append(string text)
    {
        RenderBudget.Make(text.Length);
        _text.Append(text);
    }

    public void Append(ReadOnlySpan<char> text)
    {
        RenderBudget.Make(text.Length);
        _text.Append(text);
    }

    public void Append(char character)
    {
        RenderBudget.Make(1);
        _text.Append(character);
    }

    public void Append(char character, int count)
    {
        RenderBudget.Make(count);
        _text.Append(character, count);
    }

    public void AppendCodePoint(int codePoint)
    {
        if (codePoint < 0x10000) Append((char)codePoint);
        else Append(char.ConvertFromUtf32(codePoint));
    }

    public override string ToString() => _text.ToString();
}
