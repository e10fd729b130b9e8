using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Every word is a token or unknown.</summary>
internal sealed class WordLevelModel(Dictionary<string, int> vocabulary, string unknownToken = "<unk>") : VocabularyModel
{
    private readonly TokenTable _tokens = new(vocabulary);

    public string UnknownToken { get; } = unknownToken;

    public override IReadOnlyDictionary<string, int> Vocabulary => _tokens.Ids;

    public override int? UnknownId => _tokens.IdOf(UnknownToken);

    public override int? IdOf(string token) => _tokens.IdOf(token);

    public override string? TokenOf(int id) => _tokens.TokenOf(id);

    public override void Tokenize(ReadOnlySpan<char> word, List<TokenPiece> pieces) =>
        pieces.Add(new TokenPiece(_tokens.TryGet(word, out var id) ? id : UnknownId ?? throw NoUnknownToken(word, UnknownToken), 0, word.Length));

    public override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("WordLevel");
        ModelJson.WriteVocabulary(writer, _tokens.Ids);
        writer.WriteString("unk_token", UnknownToken);
        writer.WriteEndObject();
    }
}
