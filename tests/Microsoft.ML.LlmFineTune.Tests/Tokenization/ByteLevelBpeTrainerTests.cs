using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization;

public sealed class ByteLevelBpeTrainerTests
{
    private static CancellationToken None => TestContext.Current.CancellationToken;

    [Fact]
    public void Defaults()
    {
        var options = new ByteLevelBpeTrainerOptions();
        Assert.Equal((4096, 2, true, (int?)null), (options.VocabularySize, options.MinimumFrequency, options.AllBytes, options.MaximumTokenLength));
        Assert.Equal(["<|endoftext|>"], options.SpecialTokens);
        Assert.Equal(TextPreTokenizer.ByteLevel().ToJson(), options.PreTokenizer.ToJson());
    }

    [Fact]
    public void The_order_of_documents_does_not_matter()
    {
        string[] documents = ["a rose is a rose", "is a rose", "roses are red", "read a rose"];
        Assert.Equal(Saved(documents), Saved([.. documents.Reverse()]));

        static byte[] Saved(string[] documents)
        {
            using var stream = new MemoryStream();
            new ByteLevelBpeTrainer(new ByteLevelBpeTrainerOptions { VocabularySize = 290 }).Train(documents, cancellationToken: None).Save(stream);
            return stream.ToArray();
        }
    }

    [Fact]
    public void A_token_has_at_most_the_length_asked_for()
    {
        string[] documents = [.. Enumerable.Repeat("internationalization of internationalization", 5)];
        var tokenizer = new ByteLevelBpeTrainer(new ByteLevelBpeTrainerOptions { MaximumTokenLength = 4 }).Train(documents, cancellationToken: None);
        var lengths = tokenizer.EncodeToTokens("internationalization", out _).Select(token => token.Value.Length).ToList();
        Assert.Equal(4, lengths.Max());
        Assert.Equal(4, Enumerable.Range(1, tokenizer.VocabularySize - 1).Max(id => tokenizer.TokenOf(id)!.Length));
    }

    [Fact]
    public void Progress_counts_documents_and_merges()
    {
        var reports = new Reports();
        var tokenizer = new ByteLevelBpeTrainer(new ByteLevelBpeTrainerOptions { VocabularySize = 262 }).Train(["abab abab abab"], reports, None);
        Assert.Equal(new BpeTrainingProgress(1, 0, 0), reports.Seen[0]);
        Assert.Equal(new BpeTrainingProgress(1, tokenizer.VocabularySize - 257, 5), reports.Seen[^1]);
        Assert.Equal(tokenizer.VocabularySize - 257, reports.Seen.Count - 1);
    }

    [Fact]
    public void It_can_be_stopped()
    {
        using var source = new CancellationTokenSource();
        var trainer = new ByteLevelBpeTrainer();
        Assert.Throws<OperationCanceledException>(() => trainer.Train(Documents(), cancellationToken: source.Token));
        using var later = new CancellationTokenSource();
        var stopper = new Reports { After = progress => { if (progress.Merges == 2) later.Cancel(); } };
        Assert.Throws<OperationCanceledException>(() => trainer.Train(["abcabc abcabc abcabc"], stopper, later.Token));
        Assert.Equal(2, stopper.Seen[^1].Merges);

        IEnumerable<string> Documents()
        {
            for (var i = 0; ; i++)
            {
                if (i == 10_000)
                    source.Cancel();
                yield return "endless";
            }
        }
    }

    [Fact]
    public void Wrong_options_and_empty_texts_are_refused()
    {
        static string Message(ByteLevelBpeTrainerOptions options) => Assert.ThrowsAny<ArgumentException>(() => new ByteLevelBpeTrainer(options)).Message;
        Assert.Contains("at least 257; received 256", Message(new() { VocabularySize = 256 }), StringComparison.Ordinal);
        Assert.Contains("at least 1; received 0", Message(new() { MinimumFrequency = 0 }), StringComparison.Ordinal);
        Assert.Contains("MaximumTokenLength must be at least 2; received 1", Message(new() { MaximumTokenLength = 1 }), StringComparison.Ordinal);
        Assert.Contains("'x' stands there twice", Message(new() { SpecialTokens = ["x", "x"] }), StringComparison.Ordinal);
        Assert.Contains("at least one character", Message(new() { SpecialTokens = [""] }), StringComparison.Ordinal);
        var error = Assert.Throws<ArgumentException>(() => new ByteLevelBpeTrainer().Train(["", ""], cancellationToken: None));
        Assert.Contains("2 documents were given, all of them empty", error.Message, StringComparison.Ordinal);
    }

    private sealed class Reports : IProgress<BpeTrainingProgress>
    {
        public List<BpeTrainingProgress> Seen { get; } = [];

        public Action<BpeTrainingProgress>? After { get; init; }

        public void Report(BpeTrainingProgress value)
        {
            Seen.Add(value);
            After?.Invoke(value);
        }
    }
}
