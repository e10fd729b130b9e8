using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Trainers;

public sealed class SuffixArrayTests
{
    public static TheoryData<int, int> Sizes => new() { { 1, 1 }, { 2, 1 }, { 2, 2 }, { 3, 2 }, { 50, 1 }, { 200, 2 }, { 500, 3 }, { 500, 100 }, { 1000, 2 } };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Suffixes_and_repeats_are_those_of_plain_search(int length, int alphabet)
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            var random = new RandomStream(seed);
            int[] text = [.. Enumerable.Range(0, length).Select(_ => random.NextInt32(alphabet))];
            var suffixes = SuffixArray.Sort(text, alphabet, TestContext.Current.CancellationToken);
            int[] expected = [.. Enumerable.Range(0, length)];
            Array.Sort(expected, (a, b) => text.AsSpan(a).SequenceCompareTo(text.AsSpan(b)));
            Assert.Equal(expected, suffixes);
            var common = SuffixArray.CommonPrefixes(text, suffixes, TestContext.Current.CancellationToken);
            for (var i = 1; i < length; i++)
                Assert.Equal(text.AsSpan(suffixes[i - 1]).CommonPrefixLength(text.AsSpan(suffixes[i])), common[i]);
            if (length <= 200)
                AssertRepeats(text, suffixes, common);
        }
    }

    private static void AssertRepeats(int[] text, int[] suffixes, int[] common)
    {
        // Substrings with two occurrences that no longer one shares all of.
        var occurrences = new Dictionary<string, (int Count, HashSet<int> Next)>();
        for (var start = 0; start < text.Length; start++)
        {
            for (var end = start + 1; end <= text.Length; end++)
            {
                var key = string.Join(',', text[start..end]);
                var (count, next) = occurrences.GetValueOrDefault(key, (0, []));
                next.Add(end < text.Length ? text[end] : -1);
                occurrences[key] = (count + 1, next);
            }
        }
        var expected = occurrences.Where(entry => entry.Value.Count > 1 && entry.Value.Next.Count > 1).Select(entry => (entry.Key, entry.Value.Count)).Order();
        Assert.Equal(expected, SuffixArray.Repeats(common).Select(repeat => (string.Join(',', text[suffixes[repeat.First]..(suffixes[repeat.First] + repeat.Length)]), repeat.End - repeat.First)).Order());
    }
}
