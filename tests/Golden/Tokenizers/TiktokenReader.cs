using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Golden.Tokenizers;

/// <summary>tokenizers/tiktoken: rank files with the published patterns; how the patterns cut texts.</summary>
internal sealed class TiktokenReader : CaseReader
{
    private readonly Dictionary<string, TiktokenEncoding> _encodings = new(StringComparer.Ordinal);
    private Dictionary<string, string>? _texts;

    public override bool Reads(string file) => file.StartsWith("tiktoken/", StringComparison.Ordinal);

    public override void Verify(FixtureCase c, Tally tally)
    {
        _texts ??= JsonNode.Parse(File.ReadAllText(Path.Combine(c.Area, "encode", "texts.json")))!.AsArray().ToDictionary(text => (string)text!["name"]!, text => (string)text!["text"]!, StringComparer.Ordinal);
        var text = _texts[c["text"].GetString()!];
        if (c.Root.TryGetProperty("patterns", out var patterns)) VerifySplits(c, tally, patterns, text);
        else VerifyIds(c, tally, text);
    }

    private void VerifyIds(FixtureCase c, Tally tally, string text)
    {
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

    // Each piece is what the pattern matches; where the library has its own spelling of a published pattern, both are tried.
    private static void VerifySplits(FixtureCase c, Tally tally, JsonElement patterns, string text)
    {
        foreach (var pattern in patterns.EnumerateObject())
        {
            if (!c[pattern.Name].IsGiven()) continue;
            var expected = c[pattern.Name].ToTexts();
            // $ stands for the very end of the text there.
            tally.Sequence(pattern.Name, expected, Pieces(pattern.Value.GetString()!.Replace("$", "\\z", StringComparison.Ordinal), text));
            if (TiktokenPattern.Names.Contains(pattern.Name)) tally.Sequence($"{pattern.Name}, the library's", expected, Pieces(TiktokenPattern.Of(pattern.Name), text));
        }
    }

    private static List<string> Pieces(string pattern, string text)
    {
        var expression = TextPattern.OfRegex(pattern);
        var pieces = new List<string>();
        var (from, lastEnd) = (0, -1);
        while (expression.Next(text, ref from, ref lastEnd) is ({ } start, { } end))
            pieces.Add(text[start..end]);
        return pieces;
    }
}
