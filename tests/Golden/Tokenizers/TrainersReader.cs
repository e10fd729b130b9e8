using System.Text.Json;
using System.Text.Json.Nodes;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Golden.Tokenizers;

/// <summary>tokenizers/trainers: byte-level BPE trained on the same documents, compared file for file; plain BPE by its merges.</summary>
internal sealed class TrainersReader : CaseReader
{
    public override bool Reads(string file) => file.StartsWith("trainers/", StringComparison.Ordinal);

    public override void Verify(FixtureCase c, Tally tally)
    {
        if (c["model"].GetString() != "bpe") throw new UnsupportedException($"there is no trainer for {c["model"].GetString()}");
        if (c["normalizer"].IsGiven()) throw new UnsupportedException("the trainer has no normalizer");
        if (c["pre_tokenizer"].ValueKind == JsonValueKind.Object && c["pre_tokenizer"].TryGetProperty("ByteLevel", out var words)) VerifyByteLevel(c, tally, words);
        else throw new UnsupportedException("byte-level BPE is the only trainer");
    }

    private static void VerifyByteLevel(FixtureCase c, Tally tally, JsonElement words)
    {
        var options = c["trainer_options"];
        var documents = Documents(c);
        tally.Equal("documents", c["document_count"].GetInt32(), documents.Length);
        var tokenizer = new ByteLevelBpeTrainer(new ByteLevelBpeTrainerOptions
        {
            VocabularySize = options.GetProperty("vocab_size").GetInt32(),
            MinimumFrequency = options.TryGetProperty("min_frequency", out var minimum) ? minimum.GetInt32() : 1,
            SpecialTokens = options.TryGetProperty("special_tokens", out var special) ? special.ToTexts() : [],
            AllBytes = options.TryGetProperty("initial_alphabet", out _),
            // The reference's limit is not reached, the library's is.
            MaximumTokenLength = options.TryGetProperty("max_token_length", out var length) ? length.GetInt32() - 1 : null,
            PreTokenizer = TextPreTokenizer.ByteLevel(words.GetProperty("add_prefix_space").GetBoolean(), !words.TryGetProperty("use_regex", out var regex) || regex.GetBoolean()),
        }).Train(documents);

        using var saved = new MemoryStream();
        tokenizer.Save(saved);
        var written = JsonNode.Parse(saved.ToArray())!;
        var expected = JsonNode.Parse(File.ReadAllText(Path.Combine(c.Folder, "tokenizer.json")))!;
        tally.Sequence("merges", expected["model"]!["merges"]!.AsArray().Select(Merge), written["model"]!["merges"]!.AsArray().Select(Merge));
        tally.Equal("the file is the same", true, JsonNode.DeepEquals(expected, written));
        foreach (var encoded in c["encode"].EnumerateArray())
        {
            var ids = encoded.GetProperty("ids").ToInts();
            tally.Sequence("ids", ids, tokenizer.EncodeToIds(encoded.GetProperty("in").GetString()!));
            tally.Equal("decoded", encoded.GetProperty("decoded").GetString(), tokenizer.Decode(ids, skipSpecialTokens: true));
        }
        tally.Equal("tokens of the corpus", c["corpus_token_count_per_run"][0].GetInt32(), documents.Take(4000).Sum(document => tokenizer.CountTokens(document)));
    }

    private static string Merge(JsonNode? merge) => merge is JsonArray pair ? $"{pair[0]} {pair[1]}" : (string)merge!;

    /// <summary>The lines of the file that the description begins with.</summary>
    private static string[] Documents(FixtureCase c)
    {
        var description = c["documents"].GetString()!;
        var lines = File.ReadAllText(c.Data(description[..description.IndexOf(':', StringComparison.Ordinal)])).Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n');
        return lines[^1].Length == 0 ? lines[..^1] : lines;
    }
}
