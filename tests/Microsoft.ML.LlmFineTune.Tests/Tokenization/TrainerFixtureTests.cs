using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization;

/// <summary>Trained tokenizers against those of Hugging Face's trainer: the same file, token for token and merge for merge.</summary>
public sealed class TrainerFixtureTests
{
    private const string Folder = "golden/tokenizers/trainers";

    [Theory]
    [InlineData("bpe-bytelevel-1000-botchan")]
    [InlineData("bpe-bytelevel-1000-wikitext")]
    [InlineData("bpe-bytelevel-1500-de-zh")]
    [InlineData("bpe-bytelevel-4096-shakespeare")]
    [InlineData("bpe-bytelevel-maxlen6-botchan")]
    [InlineData("bpe-bytelevel-no-regex-900-botchan")]
    public void Trains_the_same_tokenizer(string name)
    {
        var training = SharedFixtures.Json($"{Folder}/{name}/training.json");
        var options = training["trainer_options"]!;
        var words = training["pre_tokenizer"]!["ByteLevel"]!;
        var documents = Documents((string)training["documents"]!);
        Assert.Equal((int)training["document_count"]!, documents.Length);
        var trainer = new ByteLevelBpeTrainer(new ByteLevelBpeTrainerOptions
        {
            VocabularySize = (int)options["vocab_size"]!,
            MinimumFrequency = (int?)options["min_frequency"] ?? 1,
            SpecialTokens = [.. options["special_tokens"]?.AsArray().Select(token => (string)token!) ?? []],
            AllBytes = options["initial_alphabet"] is not null,
            // The reference's limit is not reached, ours is.
            MaximumTokenLength = (int?)options["max_token_length"] - 1,
            PreTokenizer = new ByteLevelPreTokenizer((bool)words["add_prefix_space"]!, (bool?)words["use_regex"] ?? true),
        });

        var tokenizer = trainer.Train(documents, cancellationToken: TestContext.Current.CancellationToken);

        using var saved = new MemoryStream();
        tokenizer.Save(saved);
        var written = JsonNode.Parse(saved.ToArray())!;
        var expected = SharedFixtures.Json($"{Folder}/{name}/tokenizer.json");
        Assert.Equal(expected["model"]!["merges"]!.AsArray().Select(Text), written["model"]!["merges"]!.AsArray().Select(Text));
        // The texts are composed already, so a normalizer that composes them makes no other tokens.
        Assert.True(expected["normalizer"] is null || (string?)expected["normalizer"]!["type"] == "NFC");
        expected["normalizer"] = null;
        Assert.True(JsonNode.DeepEquals(expected, written), "the files differ in something other than the merges");
        foreach (var encoded in training["encode"]!.AsArray())
        {
            Assert.Equal(PublishedTokenizerTests.Ints(encoded!["ids"]), tokenizer.EncodeToIds((string)encoded["in"]!));
            Assert.Equal((string)encoded["decoded"]!, tokenizer.Decode(PublishedTokenizerTests.Ints(encoded["ids"]), skipSpecialTokens: true));
        }
        Assert.Equal((int)training["corpus_token_count_per_run"]![0]!, documents.Take(4000).Sum(document => tokenizer.CountTokens(document)));
    }

    [Theory]
    [InlineData("tiny-bpe-classic")]
    [InlineData("tiny-bpe-freq")]
    [InlineData("tiny-bpe-maxlen3")]
    [InlineData("tiny-bpe-maxlen4-overlap")]
    [InlineData("tiny-bpe-overlap")]
    [InlineData("tiny-bpe-same-product")]
    [InlineData("tiny-bpe-ties")]
    [InlineData("tiny-bpe-ties2")]
    [InlineData("tiny-bpe-unicode")]
    public void Finds_the_same_merges_over_characters(string name)
    {
        var training = SharedFixtures.Json($"{Folder}/{name}/training.json");
        var options = training["trainer_options"]!;
        var words = training["documents_text"]!.AsArray().SelectMany(text => ((string)text!).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).CountBy(word => word).ToList();
        var tokens = words.SelectMany(word => word.Key.EnumerateRunes()).Distinct().Order().Select(rune => rune.ToString()).ToList();
        var symbols = words.Select(word => new BpeTrainingWord([.. word.Key.EnumerateRunes().Select(rune => tokens.IndexOf(rune.ToString()))], word.Value)).ToList();

        var learner = new BpeMergeLearner(tokens, symbols, lengthBound: (int?)options["max_token_length"] ?? long.MaxValue);
        var merges = learner.Learn((int)options["vocab_size"]!, (int)options["min_frequency"]!, _ => { }, TestContext.Current.CancellationToken);

        var model = SharedFixtures.Json($"{Folder}/{name}/tokenizer.json")["model"]!;
        Assert.Equal(model["merges"]!.AsArray().Select(Text), merges.Select(merge => $"{merge.Left} {merge.Right}"));
        Assert.Equal(model["vocab"]!.AsObject().OrderBy(entry => (int)entry.Value!).Select(entry => entry.Key), learner.Tokens);
    }

    private static string Text(JsonNode? merge) => merge is JsonArray pair ? $"{pair[0]} {pair[1]}" : (string)merge!;

    private static string[] Documents(string description)
    {
        if (description.StartsWith("contexts of every paragraph of qa/xquad", StringComparison.Ordinal))
            return [.. Contexts("de"), .. Contexts("zh")];
        var path = description[..description.IndexOf(':', StringComparison.Ordinal)];
        var lines = SharedFixtures.Text($"data/{path}").Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n');
        return lines[^1].Length == 0 ? lines[..^1] : lines;
    }

    private static IEnumerable<string> Contexts(string language) =>
        from article in SharedFixtures.Json($"data/qa/xquad/xquad.{language}.json")["data"]!.AsArray()
        from paragraph in article!["paragraphs"]!.AsArray()
        select (string)paragraph!["context"]!;
}
