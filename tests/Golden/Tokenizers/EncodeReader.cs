using System.Text.Json;
using System.Text.Json.Nodes;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Golden.Tokenizers;

/// <summary>tokenizers/encode: ids, offsets, decoded text and its stream, with and without special tokens.</summary>
internal sealed class EncodeReader : CaseReader
{
    private readonly Dictionary<string, TokenizerModel> _tokenizers = new(StringComparer.Ordinal);
    private Dictionary<string, string>? _texts;

    public override bool Reads(string file) => (file.StartsWith("encode/", StringComparison.Ordinal) && file.EndsWith("/cases.json", StringComparison.Ordinal)) || file == "encode/lone-surrogates.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        if (c.File == "encode/lone-surrogates.json") VerifySurrogates(c, tally);
        else VerifyText(c, tally);
    }

    private void VerifyText(FixtureCase c, Tally tally)
    {
        var tokenizer = Tokenizer(c, c.Folder, c.Root.GetProperty("data_file"));
        _texts ??= JsonNode.Parse(File.ReadAllText(Path.Combine(c.Area, "encode", "texts.json")))!.AsArray().ToDictionary(text => (string)text!["name"]!, text => (string)text!["text"]!, StringComparer.Ordinal);
        var text = _texts[c["text"].GetString()!];
        var plain = c["plain"];
        var ids = plain.GetProperty("ids").ToInts();
        VerifyEncoding(tally, "plain", tokenizer, text, plain, addSpecialTokens: false, compareOffsets: !c["drops_characters"].IsGiven());
        tally.Sequence("ids of EncodeToIds", ids, tokenizer.EncodeToIds(text));
        if (c["special"].IsGiven()) VerifyEncoding(tally, "special", tokenizer, text, c["special"], addSpecialTokens: true, compareOffsets: !c["drops_characters"].IsGiven());
        else tally.Sequence("special ids", ids, tokenizer.Encode(text, addSpecialTokens: true).Select(token => token.Id));
        tally.Equal("decoded", c["decoded"].GetString(), tokenizer.Decode(ids));
        tally.Equal("decoded without special tokens", (c["decoded_skip"].IsGiven() ? c["decoded_skip"] : c["decoded"]).GetString(), tokenizer.Decode(ids, skipSpecialTokens: true));
        var decoder = tokenizer.CreateStreamingDecoder(skipSpecialTokens: false);
        tally.Sequence("stream", c["stream"].EnumerateArray().Select(part => part.GetString()), ids.Select(decoder.Append));
    }

    private static void VerifyEncoding(Tally tally, string what, TokenizerModel tokenizer, string text, JsonElement expected, bool addSpecialTokens, bool compareOffsets)
    {
        var tokens = tokenizer.Encode(text, addSpecialTokens);
        tally.Sequence($"{what} ids", expected.GetProperty("ids").ToInts(), tokens.Select(token => token.Id));
        if (!compareOffsets) return;
        var offsets = (expected.TryGetProperty("offsets_utf16", out var utf16) ? utf16 : expected.GetProperty("offsets")).ToInts();
        tally.Sequence($"{what} offsets", offsets, tokens.SelectMany(token => new[] { token.Offset.Start.Value, token.Offset.End.Value }));
    }

    private void VerifySurrogates(FixtureCase c, Tally tally)
    {
        var text = new string([.. c["utf16"].ToInts().Select(unit => (char)unit)]);
        var compared = 0;
        foreach (var expected in c["ids_of_replaced_text"].EnumerateObject())
        {
            var folder = Path.Combine(c.Area, "encode", expected.Name);
            if (!File.Exists(Path.Combine(folder, "cases.json"))) continue;
            using var cases = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "cases.json")));
            TokenizerModel tokenizer;
            try { tokenizer = Tokenizer(c, folder, cases.RootElement.GetProperty("data_file")); }
            catch (UnsupportedException) { continue; }
            tally.Sequence($"ids of {expected.Name}", expected.Value.ToInts(), tokenizer.EncodeToIds(text));
            compared++;
        }
        if (compared == 0) throw new UnsupportedException("no tokenizer of this file is supported");
    }

    /// <summary>The tokenizer of a folder: a file of the shared data, or a recipe with its vocabulary filled in.</summary>
    private TokenizerModel Tokenizer(FixtureCase c, string folder, JsonElement dataFile)
    {
        if (_tokenizers.TryGetValue(folder, out var known)) return known;
        try
        {
            return _tokenizers[folder] = dataFile.ValueKind == JsonValueKind.String ? TokenizerModel.Load(c.Data(dataFile.GetString()!)) : OfRecipe(c, folder);
        }
        catch (Exception e) when (e is NotSupportedException or InvalidDataException)
        {
            throw new UnsupportedException(e.Message);
        }
    }

    private static TokenizerModel OfRecipe(FixtureCase c, string folder)
    {
        var path = Path.Combine(folder, "recipe.json");
        if (!File.Exists(path)) return TokenizerModel.Load(Path.Combine(folder, "tokenizer.json"));
        var recipe = JsonNode.Parse(File.ReadAllText(path))!;
        var file = recipe["tokenizer_json_without_vocabulary"]!;
        var source = (string)recipe["vocabulary"]!;
        if ((string?)file["model"]!["type"] != "BPE" || !source.StartsWith("vocab = ", StringComparison.Ordinal) || !source.Contains("; merges = ", StringComparison.Ordinal))
            throw new UnsupportedException($"a vocabulary of this kind is not known to this reader: {(string?)file["model"]!["type"]}, {source}");
        var parts = source["vocab = ".Length..].Split("; merges = ");
        file["model"]!["vocab"] = JsonNode.Parse(File.ReadAllText(c.Data(parts[0])));
        file["model"]!["merges"] = new JsonArray([.. File.ReadLines(c.Data(parts[1].Split(',')[0])).Where(line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal)).Select(line => (JsonNode)line)]);
        using var stream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(file.ToJsonString()));
        return TokenizerModel.Load(stream);
    }
}
