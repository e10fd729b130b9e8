using System.Text;
using System.Text.Json;
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
        TokenizerModel tokenizer;
        try { tokenizer = TokenizerModel.Load(Path.Combine(c.Folder, c["file"].GetString()!)); }
        catch (Exception e) when (e is NotSupportedException or InvalidDataException) { throw new UnsupportedException(e.Message); }
        foreach (var item in c["cases"].EnumerateArray())
        {
            var tokens = tokenizer.Encode(item.GetProperty("in").GetString()!, addSpecialTokens: true);
            var ids = tokens.Select(token => token.Id).ToList();
            tally.Sequence("ids", item.GetProperty("ids").ToInts(), ids);
            var offsets = (item.TryGetProperty("offsets_utf16", out var utf16) ? utf16 : item.GetProperty("offsets")).ToInts();
            tally.Sequence("offsets", offsets, tokens.SelectMany(token => new[] { token.Offset.Start.Value, token.Offset.End.Value }));
            if (item.TryGetProperty("decoded", out var decoded)) tally.Equal("decoded", decoded.GetString(), tokenizer.Decode(ids));
            if (item.TryGetProperty("decoded_skip", out var skipped)) tally.Equal("decoded without special tokens", skipped.GetString(), tokenizer.Decode(ids, skipSpecialTokens: true));
        }
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
