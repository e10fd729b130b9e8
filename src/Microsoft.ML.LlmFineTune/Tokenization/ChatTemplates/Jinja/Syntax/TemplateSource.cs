namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A template's text as it is read: line ends are line feeds, and one at the end is dropped.</summary>
internal sealed class TemplateSource
{
    private int[]? _lineStarts;

    public TemplateSource(string text)
    {
        text = text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        Text = text.EndsWith('\n') ? text[..^1] : text;
    }

    public string Text { get; }

    public int LineOf(int at)
    {
        _lineStarts ??= [0, .. Enumerable.Range(0, Text.Length).Where(i => Text[i] == '\n').Select(i => i + 1)];
        var line = Array.BinarySearch(_lineStarts, at);
        return line >= 0 ? line + 1 : ~line;
    }

    public ChatTemplateException Error(string reason, int at, ChatTemplateErrorKind kind = ChatTemplateErrorKind.TemplateSyntaxError)
    {
        var line = LineOf(at);
        return new ChatTemplateException(kind, reason, line, at - _lineStarts![line - 1] + 1);
    }
}
