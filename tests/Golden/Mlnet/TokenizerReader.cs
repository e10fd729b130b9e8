using System.Text.Json;

namespace Golden.Mlnet;

/// <summary>tokenizer-base.json: the abstract Tokenizer on a toy, and the stock tokenizers with small vocabularies.</summary>
internal sealed class TokenizerReader : MlnetReader
{
    public override string Usings => """
        global using Microsoft.ML.Tokenizers;
        global using static TokenizerCalls;
        """;

    public override string? Body(JsonElement fixtureCase, JsonElement fixture)
    {
        var call = fixtureCase.GetProperty("call").GetString()!;
        var name = fixtureCase.GetProperty("name").GetString()!;
        if (name == "members") return Return("Members()");
        var code = fixtureCase.TryGetProperty("code", out var text) ? text.GetString()! : null;
        var setup = Vocabularies;
        if (fixtureCase.GetProperty("input") is { ValueKind: JsonValueKind.Object } input && input.TryGetProperty("vocabularyFile", out var file)) setup += $"string vocabularyFile = {CSharp.Literal(file)};\n";
        if (name.StartsWith("bad-", StringComparison.Ordinal) && code is not null) return setup + Return($"NoError(() => {code})");
        if (fixtureCase.GetProperty("options") is not { ValueKind: JsonValueKind.Object } options || !options.TryGetProperty("tokenizer", out var tokenizer)) return null;
        // The toy's record of calls and BertTokenizer's own overloads need the type itself; everything else sees a Tokenizer.
        var type = name.StartsWith("calls-", StringComparison.Ordinal) || call.StartsWith("BertTokenizer k: ", StringComparison.Ordinal) ? "var" : "Tokenizer";
        setup += $"{type} k = {tokenizer.GetString()};\n";
        if (code is not null) return setup + Return(name.StartsWith("calls-", StringComparison.Ordinal) ? $"O(\"result\", NoError(() => {code}), \"calls\", k.Calls)" : code);
        if (call.StartsWith("every overload of ", StringComparison.Ordinal)) return setup + Return($"EveryOverload(k, {CSharp.Literal(fixtureCase.GetProperty("input").GetProperty("text"))})");
        if (!call.StartsWith("BertTokenizer k: ", StringComparison.Ordinal)) return null;
        var texts = new[] { "text", "limited", "one", "two", "decoded" }.Select(member => CSharp.Literal(fixtureCase.GetProperty("input").GetProperty(member)));
        return setup + Return($"BertSpecial(k, {string.Join(", ", texts)})");
    }

    private const string Vocabularies = """
        var words = fixture.GetProperty("words").EnumerateArray().Select(w => w.GetString()).ToArray();
        var bpeVocabulary = fixture.GetProperty("bpeVocabulary").EnumerateArray().ToDictionary(pair => pair[0].GetString(), pair => pair[1].GetInt32());
        var bpeMerges = fixture.GetProperty("bpeMerges").EnumerateArray().Select(m => m.GetString()).ToArray();
        var wordPieceVocabularyFile = fixture.GetProperty("wordPieceVocabularyFile").GetString();

        """;
}
