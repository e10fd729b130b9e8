namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A range of a changed text: an added token that was found there, or (<paramref name="Token"/> null) text still to be split.</summary>
internal readonly record struct TextPiece(int Start, int End, AddedToken? Token = null);
