namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A part of a template: one of the texts (<paramref name="Text"/>: 0 or 1), or the special tokens of a name.</summary>
internal readonly record struct TemplatePiece(int? Text, string? SpecialToken, int TypeId);

/// <summary>Special tokens by the name that a template calls them.</summary>
internal sealed record TemplateToken(string Name, int[] Ids, string[] Tokens)
{
    public IReadOnlyList<(string Token, int Id)> Spelled { get; } = [.. Tokens.Zip(Ids)];
}
