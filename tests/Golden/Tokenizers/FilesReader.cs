using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Golden.Tokenizers;

/// <summary>tokenizers/models: small tokenizer.json files with one option each, and malformed ones.</summary>
internal sealed class FilesReader : CaseReader
{
    public override bool Reads(string file) => file is "models/cases.json" or "models/malformed.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        if (c.File == "models/malformed.json") VerifyMalformed(c, tally);
        else VerifyFile(c, tally);
    }

    private static void VerifyFile(FixtureCase c, Tally tally)
    {
        var tokenizer = TokenizerModel.Load(Path.Combine(c.Folder, c["file"].GetString()!));
        VerifySaved(c, tally, tokenizer);
        tally.Sequence("vocab_size", c["vocab_size"].ToInts(), [tokenizer.Vocabulary.Count, tokenizer.Vocabulary.Keys.Union(tokenizer.AddedTokens.Select(token => token.Content)).Count()]);
        foreach (var item in c["cases"].EnumerateArray())
        {
            var text = item.GetProperty("in").GetString()!;
            if (item.TryGetProperty("error", out _))
            {
                tally.Equal($"whether '{text}' is refused", true, Refuses(() => tokenizer.Encode(text)));
                continue;
            }
            var encoded = tokenizer.Encode(text);
            ExpectedEncoding.Compare(tally, "", item, encoded, compareOffsets: !item.TryGetProperty("drops_characters", out _));
            if (item.TryGetProperty("decoded", out var decoded)) tally.Equal("decoded", decoded.GetString(), tokenizer.Decode(encoded.Ids));
            if (item.TryGetProperty("decoded_skip", out var skipped)) tally.Equal("decoded without special tokens", skipped.GetString(), tokenizer.Decode(encoded.Ids, skipSpecialTokens: true));
            if (!item.TryGetProperty("stream", out var stream)) continue;
            var decoder = tokenizer.CreateStreamingDecoder(skipSpecialTokens: false);
            tally.Sequence("stream", stream.EnumerateArray().Select(part => part.GetString()), encoded.Ids.Select(decoder.Append));
        }
    }

    // The big parts are cut in the fixture.
    private static void VerifySaved(FixtureCase c, Tally tally, TokenizerModel tokenizer)
    {
        using var saved = new MemoryStream();
        tokenizer.Save(saved);
        var written = JsonNode.Parse(saved.ToArray())!;
        foreach (var part in (string[])["vocab", "merges"])
        {
            if (c["saved_again"].GetProperty("model").TryGetProperty(part, out var expected) && expected.ValueKind == JsonValueKind.String) written["model"]![part] = expected.GetString();
        }
        tally.Equal("the file saved again", true, JsonNode.DeepEquals(JsonNode.Parse(c["saved_again"].GetRawText()), written));
    }

    private static bool Refuses(Func<TextEncoding> encode)
    {
        try { encode(); return false; }
        catch (InvalidOperationException) { return true; }
    }

    private static void VerifyMalformed(FixtureCase c, Tally tally)
    {
        var text = c["json"].ValueKind == JsonValueKind.String ? c["json"].GetString()! : c["json"].GetRawText();
        string? refusal = null;
        try
        {
            using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text));
            TokenizerModel.Load(stream);
        }
        catch (Exception e) when (e is NotSupportedException or InvalidDataException)
        {
            refusal = e.Message;
        }
        var loads = c["loads"].GetBoolean();
        if (loads && refusal is not null) throw new UnsupportedException($"the library is stricter: {refusal}");
        tally.Equal("whether the file is taken", loads, refusal is null);
    }
}
