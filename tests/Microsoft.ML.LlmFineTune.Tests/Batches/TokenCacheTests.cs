using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Batches;

public sealed class TokenCacheTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cache").FullName;

    private string CachePath => Path.Combine(_folder, "corpus.tokens");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(100)]
    [InlineData(65_536)]
    [InlineData(200_000)]
    public void What_was_written_is_read(int vocabulary)
    {
        int[][] documents = [[3, vocabulary - 1, 5], [], [7]];
        Write(documents, vocabulary);
        using TokenCache cache = TokenCache.Open(CachePath);
        Assert.Equal((2L, 7L, vocabulary, 0), (cache.Documents, cache.Tokens, cache.VocabularySize, cache.EndOfText));
        int[] all = new int[7], some = new int[2];
        cache.Read(0, all);
        cache.Read(2, some);
        Assert.Equal([0, 3, vocabulary - 1, 5, 0, 7, 0], all);
        Assert.Equal([vocabulary - 1, 5], some);
        Assert.Equal(TokenCacheFileLength(vocabulary), new FileInfo(CachePath).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Read(6, some));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(1000)]
    public void Every_token_but_the_first_is_a_target_once_in_an_epoch(int block)
    {
        int[][] documents = [.. Enumerable.Range(0, 20).Select(document => Enumerable.Range(0, document).Select(i => 1 + (document * 7) + i).ToArray())];
        Write(documents, 500);
        using TokenCache cache = TokenCache.Open(CachePath);
        int[] all = new int[cache.Tokens];
        cache.Read(0, all);
        TokenCacheBatches ordered = new(cache, block, 3, random: null), shuffled = new(cache, block, 3, new RandomStreams(5));
        Assert.Equal(all.Skip(1).Select(token => (long)token), Targets(ordered, 0));
        Assert.Equal(Targets(ordered, 0).Order(), Targets(shuffled, 0).Order());
        if (block < 100) Assert.NotEqual(Targets(shuffled, 0), Targets(shuffled, 1));
        Assert.Equal(Targets(shuffled, 0), Targets(new TokenCacheBatches(cache, block, 3, new RandomStreams(5)), 0));
        Assert.Equal(shuffled.CountBatches(0), shuffled.Epoch(0).Count());
        Assert.Equal(shuffled.Epoch(1).Skip(2).SelectMany(batch => batch.Tokens), ((IBatchSource)shuffled).From(1, 2).SelectMany(batch => batch.Tokens));
        Assert.NotEqual(ordered.Fingerprint(), shuffled.Fingerprint());
    }

    [Fact]
    public void The_fingerprint_tells_data_apart()
    {
        Write([[1, 2, 3]], 10);
        ulong first, again, other;
        using (TokenCache cache = TokenCache.Open(CachePath)) first = cache.Fingerprint;
        Write([[1, 2, 3]], 10);
        using (TokenCache cache = TokenCache.Open(CachePath)) again = cache.Fingerprint;
        Write([[1, 3, 2]], 10);
        using (TokenCache cache = TokenCache.Open(CachePath)) other = cache.Fingerprint;
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public void What_is_not_completed_leaves_nothing()
    {
        using (TokenCacheWriter writer = new(CachePath, 10, 0)) writer.Write([1, 2]);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
        using (TokenCacheWriter writer = new(CachePath, 10, 0))
        {
            Assert.Throws<ArgumentException>(() => writer.Write([10]));
            Assert.Throws<InvalidOperationException>(writer.Complete);
        }
        Assert.Throws<FileNotFoundException>(() => TokenCache.Open(CachePath));
    }

    [Fact]
    public void What_is_complete_takes_no_more()
    {
        using TokenCacheWriter writer = new(CachePath, 10, 0);
        writer.Write([1, 2, 3]);
        writer.Complete();
        Assert.Throws<InvalidOperationException>(() => writer.Write([4]));
        Assert.Throws<InvalidOperationException>(writer.Complete);
        using TokenCache cache = TokenCache.Open(CachePath);
        Assert.Equal(1, cache.Documents);
    }

    [Fact]
    public void Damaged_files_are_refused()
    {
        Write([[1, 2, 3]], 10);
        byte[] whole = File.ReadAllBytes(CachePath);
        (byte[] Bytes, string Says)[] spoilt =
        [
            (whole[..20], "no token cache"), (whole[..^1], "not whole"), ([.. whole, 0], "not whole"), ([.. "XXXXXXXX"u8, .. whole[8..]], "no token cache"),
            (With(whole, 8, 9), "version 9"), (With(whole, 12, 3), "not whole"), (With(whole, 39, 0x7f), "not whole"), (With(whole, 20, 200), "not whole"),
            (With(whole, 24, 0), "not whole"), (With(whole, 32, 2)[..^(2 * ((whole.Length - 64) / 2 - 2))], "not whole"),
        ];
        foreach ((byte[] bytes, string says) in spoilt)
        {
            File.WriteAllBytes(CachePath, bytes);
            Assert.Contains(says, Assert.Throws<InvalidDataException>(() => TokenCache.Open(CachePath)).Message, StringComparison.Ordinal);
        }
        File.WriteAllBytes(CachePath, With(whole, 66, 99));
        using TokenCache cache = TokenCache.Open(CachePath);
        Assert.Contains("changed", Assert.Throws<InvalidDataException>(() => cache.Read(0, new int[3])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(17)]
    [InlineData(1000)]
    [InlineData(4097)]
    public void A_permutation_has_every_number_once(long count)
    {
        IndexPermutation order = new(count, new RandomStream(3)), own = new(count, null);
        long[] numbers = [.. Enumerable.Range(0, (int)count).Select(place => order[place])];
        Assert.Equal(Enumerable.Range(0, (int)count).Select(number => (long)number), numbers.Order());
        Assert.Equal(numbers.Order(), Enumerable.Range(0, (int)count).Select(place => own[place]));
        if (count < 100) return;
        // Neighbours do not stay neighbours, and places tell nothing of numbers: correlation of 1,000 pairs has a standard error of 0.03.
        Assert.InRange(numbers.Zip(numbers.Skip(1)).Count(pair => Math.Abs(pair.First - pair.Second) == 1), 0, 20);
        double mean = (count - 1) / 2.0, variance = ((count * count) - 1) / 12.0;
        Assert.InRange(numbers.Select((number, place) => (number - mean) * (place - mean)).Average() / variance, -0.15, 0.15);
    }

    private static long TokenCacheFileLength(int vocabulary) => 64 + (7 * (vocabulary <= 65_536 ? 2 : 4));

    private static byte[] With(byte[] bytes, int place, byte value)
    {
        byte[] changed = [.. bytes];
        changed[place] = value;
        return changed;
    }

    private static List<long> Targets(IBatchSource source, int epoch) => [.. source.Epoch(epoch).SelectMany(batch => batch.Targets).Where(target => target != TokenBatch.Ignored)];

    private void Write(int[][] documents, int vocabulary)
    {
        using TokenCacheWriter writer = new(CachePath, vocabulary, endOfText: 0);
        foreach (int[] document in documents) writer.Write(document);
        writer.Complete();
    }
}
