using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Batches.Rows;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Batches;

public sealed class MaskedBatchesTests
{
    private const int Mask = 4, Vocabulary = 1000;
    private static readonly MaskingOptions Options = new() { MaskToken = Mask, VocabularySize = Vocabulary };

    [Fact]
    public void What_is_hidden_depends_on_seed_epoch_and_row_alone()
    {
        MaskableRow[] rows = Rows(40);
        Dictionary<long, (string Tokens, string Targets)> alone = Seen(new(rows, Options, 0, BatchSize.OfRows(1), new RandomStreams(1), shuffles: false), 3);
        Assert.Equal(alone, Seen(new(rows, Options, 0, BatchSize.OfRows(7), new RandomStreams(1)), 3));
        Assert.Equal(alone, Seen(new(rows, Options, 0, BatchSize.OfTokens(100), new RandomStreams(1)), 3));
        Assert.NotEqual(alone, Seen(new(rows, Options, 0, BatchSize.OfRows(7), new RandomStreams(1)), 4));
        Assert.NotEqual(alone, Seen(new(rows, Options, 0, BatchSize.OfRows(7), new RandomStreams(2)), 3));
    }

    [Fact]
    public void Targets_are_the_tokens_that_were_there_and_special_ones_stay()
    {
        MaskableRow[] rows = Rows(40);
        MaskedBatches source = new(rows, Options with { Probability = 1 }, 0, BatchSize.OfRows(8), new RandomStreams(1));
        foreach (TokenBatch batch in source.Epoch(0))
        {
            for (int row = 0; row < batch.Rows; row++)
            {
                MaskableRow original = rows[batch.Tokens[row * batch.Length] - 100];
                for (int i = 0; i < batch.Length; i++)
                {
                    bool isHidden = i < original.Tokens.Length && !original.IsSpecial[i];
                    Assert.Equal(isHidden ? original.Tokens[i] : TokenBatch.Ignored, batch.Targets[(row * batch.Length) + i]);
                    if (!isHidden) Assert.Equal(i < original.Tokens.Length ? original.Tokens[i] : 0, batch.Tokens[(row * batch.Length) + i]);
                }
            }
        }
    }

    [Fact]
    public void Words_are_hidden_whole()
    {
        MaskableRow[] rows = [.. Rows(60).Select(row => row with { Words = [.. Enumerable.Range(0, row.Tokens.Length).Select(i => i / 3)] })];
        int hidden = 0;
        for (int row = 0; row < rows.Length; row++)
        {
            TokenRow masked = TokenMasking.Apply(rows[row], new RandomStreams(5).Masking(0, row), Options with { WholeWords = true });
            foreach (IGrouping<int, int> word in Enumerable.Range(0, masked.Tokens.Length).Where(i => !rows[row].IsSpecial[i]).GroupBy(i => i / 3))
            {
                Assert.Single(word.Select(i => masked.Targets[i] != -100).Distinct());
                if (masked.Targets[word.First()] != -100) hidden++;
            }
        }
        Assert.True(hidden > 10, $"{hidden} words are hidden");
        Assert.Contains("needs the words of every row; row 0 has none", Assert.Throws<ArgumentException>(() => new MaskedBatches(Rows(2), Options with { WholeWords = true }, 0, BatchSize.OfRows(1), new RandomStreams(1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_fingerprint_knows_data_options_and_seed()
    {
        ulong[] all =
        [
            Of(Rows(5), Options, 1), Of(Rows(6), Options, 1), Of(Rows(5), Options with { Probability = 0.2 }, 1), Of(Rows(5), Options with { MaskedPart = 0.7 }, 1), Of(Rows(5), Options, 2),
            Of([.. Rows(5).Select(row => row with { Segments = new int[row.Tokens.Length] })], Options, 1),
        ];
        Assert.Equal(all.Length, all.Distinct().Count());
        Assert.Equal(all[0], Of(Rows(5), Options, 1));

        static ulong Of(MaskableRow[] rows, MaskingOptions options, long seed) => new MaskedBatches(rows, options, 0, BatchSize.OfRows(2), new RandomStreams(seed)).Fingerprint();
    }

    [Fact]
    public void Options_have_their_defaults_and_ranges()
    {
        Assert.Equal((0.15, 0.8, 0.1, false), (Options.Probability, Options.MaskedPart, Options.RandomPart, Options.WholeWords));
        Assert.Throws<ArgumentOutOfRangeException>((Options with { Probability = 1.1 }).Validate);
        Assert.Throws<ArgumentOutOfRangeException>((Options with { MaskToken = -1 }).Validate);
        Assert.Throws<ArgumentOutOfRangeException>((Options with { VocabularySize = 0 }).Validate);
        Assert.Throws<ArgumentException>((Options with { MaskedPart = 0.8, RandomPart = 0.3 }).Validate);
        (Options with { MaskedPart = 1, RandomPart = 0 }).Validate();
    }

    /// <summary>Rows that begin with a special token of their own, 100 + row, and end with one.</summary>
    private static MaskableRow[] Rows(int count) =>
        [.. Enumerable.Range(0, count).Select(row => new MaskableRow([100 + row, .. Enumerable.Range(0, 5 + (row * 7 % 20)).Select(i => 200 + i), 3], [true, .. new bool[5 + (row * 7 % 20)], true]))];

    private static Dictionary<long, (string Tokens, string Targets)> Seen(MaskedBatches source, int epoch)
    {
        Dictionary<long, (string Tokens, string Targets)> seen = [];
        foreach (TokenBatch batch in source.Epoch(epoch))
        {
            for (int row = 0; row < batch.Rows; row++)
            {
                int real = batch.Mask is null ? batch.Length : batch.Mask.AsSpan(row * batch.Length, batch.Length).Count(true);
                seen.Add(batch.Tokens[row * batch.Length], (Text(batch.Tokens), Text(batch.Targets)));

                string Text(long[] all) => string.Join(' ', all.Skip(row * batch.Length).Take(real));
            }
        }
        return seen;
    }
}
