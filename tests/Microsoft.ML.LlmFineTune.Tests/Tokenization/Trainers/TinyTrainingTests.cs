using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Trainers;

/// <summary>Corpora of a few words against Hugging Face's trainers: the same file.</summary>
public sealed class TinyTrainingTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Fixtures", "tokenizers", "trainers");

    public static TheoryData<string> Cases => [.. Directory.GetDirectories(Folder).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Trains_the_same_tokenizer(string name)
    {
        var training = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, name, "training.json")))!;
        var expected = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, name, "tokenizer.json")))!;
        var options = training["trainer_options"]!;
        string[] vocabulary = [.. expected["model"]!["vocab"]!.AsObject().OrderBy(entry => (int)entry.Value!).Select(entry => entry.Key)];
        // Where the reference orders the first tokens at random, training starts from its order.
        var initial = (bool)training["determinism"]!["identical_file"]! ? null : vocabulary[..(int)training["rule_check"]!["initial_tokens"]!];
        string[] special = [.. options["special_tokens"]?.AsArray().Select(token => (string)token!) ?? []];
        var size = (int)options["vocab_size"]!;
        TokenizerTrainerOptions ours = (string)training["model"]! switch
        {
            "wordpiece" => new WordPieceTrainerOptions { VocabularySize = size, MinimumFrequency = (int)options["min_frequency"]!, SpecialTokens = special },
            "wordlevel" => new WordLevelTrainerOptions { VocabularySize = size, MinimumFrequency = (int)options["min_frequency"]!, SpecialTokens = special },
            _ => new BpeTrainerOptions
            {
                VocabularySize = size, MinimumFrequency = (int?)options["min_frequency"] ?? 0, SpecialTokens = special, AlphabetLimit = (int?)options["limit_alphabet"],
                EndOfWordSuffix = (string?)options["end_of_word_suffix"], MaximumTokenLength = (int?)options["max_token_length"] - 1,
            },
        };
        var pipeline = new TokenizerTrainingPipeline { PreTokenizer = TextPreTokenizer.WhitespaceSplit, UnknownToken = (string?)training["model_options"]!["unk"] };

        var trained = TokenizerTrainer.Train(training["documents_text"]!.AsArray().Select(text => (string)text!), ours, pipeline, initial, TestContext.Current.CancellationToken);

        Assert.Equal(vocabulary, trained.Vocabulary.OrderBy(entry => entry.Value).Select(entry => entry.Key));
        using var saved = new MemoryStream();
        trained.Save(saved);
        var written = JsonNode.Parse(saved.ToArray())!;
        Assert.Equal(Merges(expected), Merges(written));
        Assert.True(JsonNode.DeepEquals(expected["model"], written["model"]), "the models differ in something other than vocabulary and merges");
    }

    private static IEnumerable<string> Merges(JsonNode file) => file["model"]!["merges"]?.AsArray().Select(merge => merge is JsonArray pair ? $"{pair[0]} {pair[1]}" : (string)merge!) ?? [];
}
