using System.Text;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What a template, macro or captured block prints.</summary>
internal sealed class OutputBuffer(int limit)
{
    private readonly StringBuilder _text = new();

    public int Length => _text.Length;

    public void Write(string text)
    {
        if (text.Length > limit - _text.Length) throw Raise.Limit($"The rendered text would have more than {limit:#,0} characters (ChatTemplateLimits.MaxOutputCharacters).");
        RenderBudget.Make(text.Length);
        _text.Append(text);
    }

    public override string ToString() => _text.ToString();
}
