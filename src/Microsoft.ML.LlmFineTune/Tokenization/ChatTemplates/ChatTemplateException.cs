namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A chat template that cannot be parsed, or whose rendering failed.</summary>
public sealed class ChatTemplateException : Exception
{
    internal ChatTemplateException(ChatTemplateErrorKind kind, string reason, int? line = null, int? column = null) : base(reason) => (Kind, Reason, Line, Column) = (kind, reason, line, column);

    /// <summary>What went wrong, by Python's name.</summary>
    public ChatTemplateErrorKind Kind { get; }

    /// <summary>The reason alone, in the words of the reference where it has some. For <see cref="ChatTemplateErrorKind.TemplateError"/>: the text that the template gave to <c>raise_exception</c>.</summary>
    public string Reason { get; }

    /// <summary>Line in the template, from 1; null where there is none. While rendering: the line of the statement.</summary>
    public int? Line { get; private set; }

    /// <summary>Column in the line, from 1, in UTF-16 units; null where it is not known (while rendering).</summary>
    public int? Column { get; }

    /// <summary>Kind, reason and place.</summary>
    public override string Message => (Line, Column) switch
    {
        (null, _) => $"{Kind}: {Reason}",
        ({ } line, null) => $"{Kind}: {Reason} (line {line})",
        ({ } line, { } column) => $"{Kind}: {Reason} (line {line}, column {column})",
    };

    /// <summary>Notes the line of the statement that failed, where no closer one is known.</summary>
    internal void At(int line) => Line ??= line;
}
