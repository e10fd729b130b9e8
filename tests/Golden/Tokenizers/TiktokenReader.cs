using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Golden.Tokenizers;

/// <summary>tokenizers/tiktoken: rank files with the published patterns: special tokens as text, found, and refused.</summary>
internal sealed class TiktokenReader : CaseReader
{
    private readonly Dictionary<string, TiktokenEncoding> _encodings = new(StringComparer.Ordinal);
    private Dictionary<string, string>? _texts;

    public override bool Reads(string file) => file.StartsWith("tiktoken/", StringComparison.Ordinal) && file != "tiktoken/splits.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        _texts ??= JsonNode.Parse(File.ReadAllText(Path.Combine(c.Area, "encode", "texts.json")))!.AsArray().ToDictionary(text => (string)text!["name"]!, text => (string)text!["text"]!, StringComparer.Ordinal);
        var text = _texts[c["text"].GetString()!];
        if (!_encodings.TryGetValue(c.File, out var encoding))
            _encodings[c.File] = encoding = Load(c);
        var ordinary = c["ordinary"].ToInts();
        var withSpecial = c["with_special"].IsGiven() ? c["with_special"].ToInts() : ordinary;
        tally.Equal("number of tokens", c.Root.GetProperty("n_vocab").GetInt32(), encoding.Tokenizer.VocabularySize);
        tally.Sequence("ordinary", ordinary, encoding.EncodeOrdinary(text));
        tally.Sequence("with special tokens", withSpecial, encoding.Encode(text, encoding.SpecialTokens));
        tally.Equal("whether special tokens are refused", c["default_encode_refuses"].IsGiven() && c["default_encode_refuses"].GetBoolean(), Refuses(encoding, text));
        tally.Equal("decoded", c["decoded"].IsGiven() ? c["decoded"].GetString() : text, encoding.Decode(ordinary));
        tally.Equal("decoded with special tokens", c["decoded"].IsGiven() ? c["decoded"].GetString() : text, encoding.Decode(withSpecial));
    }

    private static bool Refuses(TiktokenEncoding encoding, string text)
    {
        try { encoding.Encode(text); }
        catch (ArgumentException) { return true; }
        return false;
    }

    private static TiktokenEncoding Load(FixtureCase c)
    {
        var special = c.Root.GetProperty("special_tokens").EnumerateObject().ToDictionary(token => token.Name, token => token.Value.GetInt32(), StringComparer.Ordinal);
        var pattern = c.Root.GetProperty("pattern").GetString()!;
        if (!TiktokenPattern.Names.Contains(pattern)) throw new UnsupportedException($"the pattern {pattern} has no published name");
        var ranks = c.Root.GetProperty("rank_file");
        if (ranks.ValueKind == JsonValueKind.String) return TiktokenEncoding.Load(c.Data(ranks.GetString()!), TiktokenPattern.Of(pattern), special);
        // GPT-2's ranks are the ids of its vocabulary.
        using var file = new MemoryStream(Encoding.ASCII.GetBytes(string.Concat(Ranks(c.Data("tokenizers/gpt2/encoder.json"), special).Select(line => line + "\n"))));
        return TiktokenEncoding.Load(file, TiktokenPattern.Of(pattern), special);
    }

    private static IEnumerable<string> Ranks(string vocabulary, Dictionary<string, int> special)
    {
        foreach (var (token, id) in JsonNode.Parse(File.ReadAllText(vocabulary))!.AsObject().OrderBy(entry => (int)entry.Value!))
        {
            if (special.ContainsKey(token)) continue;
            var bytes = new List<byte>();
            ByteAlphabet.AppendBytes(token, bytes);
            yield return $"{Convert.ToBase64String([.. bytes])} {(int)id!}";
        }
    }
}
