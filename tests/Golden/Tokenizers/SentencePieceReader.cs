using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Golden.Tokenizers;

/// <summary>tokenizers/encode-sentencepiece: SentencePiece's own answers for its model files.</summary>
internal sealed class SentencePieceReader : CaseReader
{
    private readonly Dictionary<string, SentencePieceProcessor> _processors = new(StringComparer.Ordinal);
    private Dictionary<string, string>? _texts;

    public override bool Reads(string file) => file.StartsWith("encode-sentencepiece/", StringComparison.Ordinal);

    public override void Verify(FixtureCase c, Tally tally)
    {
        var model = c.Root.GetProperty("model").GetString()!;
        if (!_processors.TryGetValue(model, out var processor))
            _processors[model] = processor = SentencePieceProcessor.Load(c.Data(model));
        tally.Equal("vocabulary size", c.Root.GetProperty("vocab_size").GetInt32(), processor.VocabularySize);
        tally.Sequence("ids of unk, bos, eos, pad", new[] { "unk_id", "bos_id", "eos_id", "pad_id" }.Select(name => c.Root.GetProperty(name).GetInt32()),
            [processor.Unknown, processor.BeginOfSequence ?? -1, processor.EndOfSequence ?? -1, processor.Padding ?? -1]);
        if (c["text_literal"].IsGiven()) VerifyOptions(c, tally, processor);
        else VerifyText(c, tally, processor);
    }

    private void VerifyText(FixtureCase c, Tally tally, SentencePieceProcessor processor)
    {
        _texts ??= JsonNode.Parse(File.ReadAllText(Path.Combine(c.Area, "encode", "texts.json")))!.AsArray().ToDictionary(text => (string)text!["name"]!, text => (string)text!["text"]!, StringComparer.Ordinal);
        var text = _texts[c["text"].GetString()!];
        var tokens = processor.Encode(text);
        var ids = c["ids"].ToInts();
        tally.Sequence("ids", ids, tokens.Select(token => token.Id));
        tally.Sequence("pieces", c["pieces"].ToTexts(), tokens.Select(token => token.Value));
        tally.Equal("normalized", c["normalized"].GetString(), processor.Normalize(text));
        tally.Sequence("surfaces", c["surfaces_utf8"].ToInts(), tokens.SelectMany(token => new[] { Bytes(text, token.Offset.Start.Value), Bytes(text, token.Offset.End.Value) }));
        tally.Equal("decoded", c["decoded"].GetString(), processor.Decode(ids));
        tally.Equal("decoded pieces", c["decoded_pieces"].GetString(), processor.DecodePieces(c["pieces"].ToTexts()));
        tally.Sequence("ids of EncodeToIds", ids, processor.EncodeToIds(text));
    }

    private static void VerifyOptions(FixtureCase c, Tally tally, SentencePieceProcessor processor)
    {
        var text = c["text_literal"].GetString()!;
        int[] Ids(SentencePieceEncodeOptions options) => [.. processor.Encode(text, options).Select(token => token.Id)];
        Compare(tally, c, "add_bos", () => Ids(new() { AddBeginOfSequence = true }));
        Compare(tally, c, "add_eos", () => Ids(new() { AddEndOfSequence = true }));
        Compare(tally, c, "bos_eos_reverse", () => Ids(new() { AddBeginOfSequence = true, AddEndOfSequence = true, Reverse = true }));
        tally.Sequence("emit_unk_piece", c["emit_unk_piece"].ToTexts(), processor.Encode(text, new() { EmitUnknownPiece = true }).Select(token => token.Value));
        if (IsError(c["nbest_3"]))
        {
            tally.Equal("nbest_3 is refused", true, Refuses(() => processor.NBestEncode(text, 3)));
            return;
        }
        var best = processor.NBestEncode(text, 3);
        tally.Equal("number of nbest_3", c["nbest_3"].GetArrayLength(), best.Count);
        foreach (var (expected, hypothesis) in c["nbest_3"].EnumerateArray().Zip(best)) tally.Sequence("nbest_3", expected.ToInts(), hypothesis.Tokens.Select(token => token.Id));
    }

    private static void Compare(Tally tally, FixtureCase c, string name, Func<int[]> ids)
    {
        if (IsError(c[name])) tally.Equal($"{name} is refused", true, Refuses(() => ids()));
        else tally.Sequence(name, c[name].ToInts(), ids());
    }

    private static bool IsError(JsonElement value) => value.ValueKind == JsonValueKind.Object && value.TryGetProperty("error", out _);

    private static bool Refuses(Action action)
    {
        try { action(); }
        catch (InvalidOperationException) { return true; }
        return false;
    }

    private static int Bytes(string text, int units) => Encoding.UTF8.GetByteCount(text.AsSpan(0, units));
}
