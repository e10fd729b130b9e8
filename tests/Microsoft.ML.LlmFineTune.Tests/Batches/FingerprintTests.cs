using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Batches;

/// <summary>Training that is resumed notices other data, other cutting and another order.</summary>
public sealed class FingerprintTests
{
    private static readonly SortedDictionary<string, Func<int[][], int, long?, IBatchSource>> Sources = new(StringComparer.Ordinal)
    {
        ["packed"] = (texts, length, seed) => new CausalPackedBatches(texts, 0, length, 2, Streams(seed)),
        ["documents"] = (texts, length, seed) => new CausalDocumentBatches(texts, 0, length, BatchSize.OfRows(2), Streams(seed)),
        ["streams"] = (texts, length, seed) => new ContiguousStreams(texts, 0, length, 2, Streams(seed)),
        ["windows"] = (texts, length, seed) => new RandomWindowBatches([.. texts.SelectMany(text => text)], length, 2, 3, Streams(seed ?? 99)!),
        ["classes"] = (texts, length, seed) => new ClassificationBatches(texts, [.. texts.Select(text => text[0] % 2)], 0, length, BatchSize.OfRows(2), Streams(seed)),
        ["rows"] = (texts, length, seed) => new RowBatches([.. texts.Select(text => new TokenRow(text, [length]))], 0, BatchSize.OfRows(2), Streams(seed)),
        ["spans"] = (texts, length, seed) => new SpanCorruptionBatches(texts, new() { FirstSentinel = 999, EndOfText = 1, Density = length / 20.0 }, 0, 30, BatchSize.OfRows(2), Streams(seed ?? 99)!),
    };

    public static TheoryData<string> All => [.. Sources.Keys];

    [Theory]
    [MemberData(nameof(All))]
    public void It_is_the_same_for_the_same_and_another_for_another(string kind)
    {
        int[][] texts = [[1, 2, 3, 4], [5, 6, 7], [8, 9, 10, 11, 12]], others = [[1, 2, 3, 4], [5, 6, 13], [8, 9, 10, 11, 12]];
        ulong[] all = [Of(texts, 3, 1), Of(others, 3, 1), Of([.. texts.Reverse()], 3, 1), Of(texts, 4, 1), Of(texts, 3, 2), Of(texts, 3, null)];
        Assert.Equal(all.Length, all.Distinct().Count());
        Assert.Equal(all[0], Of([.. texts.Select(text => (int[])text.Clone())], 3, 1));

        ulong Of(int[][] given, int length, long? seed) => Sources[kind](given, length, seed).Fingerprint();
    }

    private static RandomStreams? Streams(long? seed) => seed is long number ? new RandomStreams(number) : null;
}
