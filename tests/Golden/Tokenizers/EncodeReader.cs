using System.Text.Json;
using System.Text.Json.Nodes;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Golden.Tokenizers;

/// <summary>tokenizers/encode: ids, tokens, offsets, words and masks; decoded text and its stream; with and without special tokens.</summary>
internal sealed class EncodeReader : CaseReader
{
    private readonly RecipeReader _recipes = new();
    private Dictionary<string, string>? _texts;

    public override bool Reads(string file) => (file.StartsWith("encode/", StringComparison.Ordinal) && file.EndsWith("/cases.json", StringComparison.Ordinal)) || file == "encode/lone-surrogates.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        if (c.File == "encode/lone-surrogates.json") VerifySurrogates(c, tally);
        else VerifyText(c, tally);
    }

    private void VerifyText(FixtureCase c, Tally tally)
    {
        var tokenizer = _recipes.Tokenizer(c, c.Folder, c.Root.GetProperty("data_file"));
        _texts ??= JsonNode.Parse(File.ReadAllText(Path.Combine(c.Area, "encode", "texts.json")))!.AsArray().ToDictionary(text => (string)text!["name"]!, text => (string)text!["text"]!, StringComparer.Ordinal);
        var text = _texts[c["text"].GetString()!];
        var plain = c["plain"];
        var ids = plain.GetProperty("ids").ToInts();
        var encoded = tokenizer.Encode(text, new EncodingOptions { AddSpecialTokens = false });
        // Where the reference drops characters, its offsets are wrong.
        var compareOffsets = !c["drops_characters"].IsGiven() && (tokenizer.Unknown is not null || tokenizer.Decode(encoded.Ids) == (tokenizer.Normalizer?.Normalize(text) ?? text));
        ExpectedEncoding.Compare(tally, "", plain, encoded, compareOffsets);
        tally.Sequence("ids of EncodeToIds", ids, tokenizer.EncodeToIds(text));
        var tokens = tokenizer.EncodeToTokens(text, out _);
        tally.Sequence("EncodeToTokens", encoded.Ids.Zip(encoded.Tokens, encoded.Spans), tokens.Select(token => (token.Id, token.Value, new TokenSpan(token.Offset.Start.Value, token.Offset.End.Value))));
        var special = tokenizer.Encode(text, new EncodingOptions());
        if (c["special"].IsGiven()) ExpectedEncoding.Compare(tally, "special ", c["special"], special, compareOffsets);
        else tally.Sequence("special ids", ids, special.Ids);
        tally.Equal("decoded", c["decoded"].GetString(), tokenizer.Decode(ids));
        tally.Equal("decoded without special tokens", (c["decoded_skip"].IsGiven() ? c["decoded_skip"] : c["decoded"]).GetString(), tokenizer.Decode(ids, skipSpecialTokens: true));
        if (c["special_decoded"].IsGiven()) tally.Equal("special decoded", c["special_decoded"].GetString(), tokenizer.Decode(special.Ids));
        if (c["special_decoded_skip"].IsGiven()) tally.Equal("special decoded without special tokens", c["special_decoded_skip"].GetString(), tokenizer.Decode(special.Ids, skipSpecialTokens: true));
        var decoder = tokenizer.CreateStreamingDecoder(skipSpecialTokens: false);
        tally.Sequence("stream", c["stream"].EnumerateArray().Select(part => part.GetString()), ids.Select(decoder.Append));
    }

    private void VerifySurrogates(FixtureCase c, Tally tally)
    {
        var text = new string([.. c["utf16"].ToInts().Select(unit => (char)unit)]);
        foreach (var expected in c["ids_of_replaced_text"].EnumerateObject())
        {
            var folder = Path.Combine(c.Area, "encode", expected.Name);
            if (File.Exists(Path.Combine(folder, "cases.json")))
                tally.Sequence($"ids of {expected.Name}", expected.Value.ToInts(), _recipes.Tokenizer(c, folder).EncodeToIds(text));
        }
        if (tally.Compared == "nothing") throw new UnsupportedException("no tokenizer of this file is among the fixtures");
    }
}
