using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Trainers;

public sealed class WordCounterTests
{
    private static CancellationToken None => TestContext.Current.CancellationToken;

    [Fact]
    public void Counts_are_those_of_a_dictionary_for_any_number_of_threads()
    {
        string[] texts = [.. Enumerable.Range(0, 3000).Select(number => string.Join(' ', Enumerable.Range(0, 400).Select(word => $"w{number * word % 9973} {new string('x', word % 40)}")))];
        var expected = texts.SelectMany(text => text.Split(' ', StringSplitOptions.RemoveEmptyEntries)).CountBy(word => word).ToDictionary(entry => entry.Key, entry => (long)entry.Value);
        var one = new WordCounter(Split, threads: 1).Count(texts, cancellationToken: None);
        var many = new WordCounter(Split, threads: 5).Count(texts, cancellationToken: None);
        Assert.Equal(expected, Dictionary(one));
        Assert.Equal(Entries(one), Entries(many));
        Assert.Equal(expected, Dictionary(new WordCounter(Split).Count(texts.Reverse(), cancellationToken: None)));
    }

    [Fact]
    public void A_limit_keeps_the_frequent_words_and_tells_what_it_dropped()
    {
        string[] texts = [.. Enumerable.Range(0, 200_000).Select(number => $"often rare{number} sometimes{number % 50}")];
        var counter = new WordCounter(Split, maximumWords: 1000, threads: 3);
        var words = counter.Count(texts, cancellationToken: None);
        var counts = Dictionary(words);
        Assert.True(words.Count <= 1000);
        Assert.Equal(200_000, counts["often"]);
        Assert.Equal(4000, counts["sometimes7"]);
        Assert.Equal(200_000, counter.Texts);
        Assert.Equal(600_000, counts.Values.Sum() + counter.DroppedOccurrences);
        Assert.True(counter.DroppedWords > 190_000);
        Assert.Equal(Entries(words), Entries(new WordCounter(Split, maximumWords: 1000, threads: 1).Count(texts, cancellationToken: None)));
    }

    [Fact]
    public void Words_are_sorted_by_code_points()
    {
        var words = new WordCounts();
        string[] given = ["\uFFFD", "b", "\U0001F600", "ab", "\uE000", "a", "\U00010000x"];
        foreach (var word in given)
            words.Add(word);
        Assert.Equal(["a", "ab", "b", "\uE000", "\uFFFD", "\U00010000x", "\U0001F600"], words.Sorted(None).Select(number => words[number].ToString()));
    }

    [Fact]
    public void Counting_stops_within_a_text_too()
    {
        using var source = new CancellationTokenSource();
        var counter = new WordCounter((_, words) =>
        {
            source.Cancel();
            while (true)
                words.Add("endless");
        });
        Assert.ThrowsAny<OperationCanceledException>(() => counter.Count(["x"], cancellationToken: source.Token));
    }

    [Fact]
    public void What_the_splitter_throws_arrives_and_null_is_refused()
    {
        Assert.Throws<FormatException>(() => new WordCounter((_, _) => throw new FormatException()).Count(["x"], cancellationToken: None));
        Assert.Contains("text 1 is", Assert.Throws<ArgumentException>(() => new WordCounter(Split).Count(["x", null!], cancellationToken: None)).Message, StringComparison.Ordinal);
    }

    private static void Split(string text, WordCounts words)
    {
        foreach (var range in text.AsSpan().Split(' '))
            words.Add(text.AsSpan(range));
    }

    private static Dictionary<string, long> Dictionary(WordCounts words) => Entries(words).ToDictionary(entry => entry.Word, entry => entry.Count);

    private static List<(string Word, long Count)> Entries(WordCounts words) => [.. Enumerable.Range(0, words.Count).Select(number => (words[number].ToString(), words.CountOf(number)))];
}
