namespace Microsoft.ML.LlmFineTune.Tokenization;

internal enum TokenKind
{
    Data,
    PrintBegin,
    PrintEnd,
    BlockBegin,
    BlockEnd,
    Name,
    Text,
    Integer,
    Real,
    Operator,
    End,
}

/// <summary>A piece of a template.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">The text it stands for: a name, an operator, the template's own text.</param>
/// <param name="Value">The value of a literal.</param>
/// <param name="At">Where it starts in the template, in UTF-16 units.</param>
internal readonly record struct Token(TokenKind Kind, string Text, object? Value, int At)
{
    public bool Is(string operatorSign) => Kind == TokenKind.Operator && Text == operatorSign;

    public bool IsName(string name) => Kind == TokenKind.Name && Text == name;

    /// <summary>What it is called in errors.</summary>
    public string Description => Kind switch
    {
        TokenKind.Name or TokenKind.Operator => Text,
        _ => Describe(Kind),
    };

    public static string Describe(TokenKind kind) => kind switch
    {
        TokenKind.Data => "template data / text",
        TokenKind.PrintBegin => "begin of print statement",
        TokenKind.PrintEnd => "end of print statement",
        TokenKind.BlockBegin => "begin of statement block",
        TokenKind.BlockEnd => "end of statement block",
        TokenKind.Name => "name",
        TokenKind.Text => "string",
        TokenKind.Integer => "integer",
        TokenKind.Real => "float",
        TokenKind.Operator => "operator",
        _ => "end of template",
    };
}
