using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization;

/// <summary>Files of tokenizers changed at random, the same way every time: each is refused with a clean error or works.</summary>
public sealed class TokenizerJsonFuzzTests
{
    private const int Changes = 60;

    private static readonly string[] Texts = ["low lower newest widest", "", "  A naïve \U0001F600 test,\tisn't it?<s> 12\n\uD800", new string('a', 3000)];

    private static readonly JsonNode?[] Values =
    [
        null, true, false, 0, 1, -1, 3, 1_000_000, int.MaxValue, 1e300, 0.5, "", "a", "##", "\u2581", "(", "(a+)+$", "[^", "BPE", "Unigram", "WordPiece", "Sequence", "Replace", "NFKC", "ByteLevel", "Metaspace", "<unk>", "<0x41>",
    ];

    public static TheoryData<string> Files() => [.. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Fixtures", "golden", "tokenizers", "models"), "*.tokenizer.json").Select(path => Path.GetFileName(path)).Order()];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_changed_file_is_refused_or_works(string name)
    {
        var whole = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Fixtures", "golden", "tokenizers", "models", name));
        var random = new Random(name.Aggregate(17, (hash, character) => unchecked((31 * hash) + character)));
        for (var change = 0; change < Changes; change++)
            RefusedOrWorks(change % 2 == 0 ? ChangeBytes(whole, random) : ChangeValues(whole, random));
    }

    [Fact]
    public void Normalizers_that_double_a_text_again_and_again_are_stopped()
    {
        var doubling = string.Join(',', Enumerable.Repeat("""{"type":"Replace","pattern":{"String":"a"},"content":"aa"}""", 60));
        var tokenizer = Load($$$"""{"normalizer":{"type":"Sequence","normalizers":[{{{doubling}}}]},"decoder":{"type":"Sequence","decoders":[{{{doubling}}}]},"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"}}""");
        Assert.Contains("256 times as long", Assert.Throws<InvalidOperationException>(() => tokenizer.Encode("a")).Message, StringComparison.Ordinal);
        Assert.Contains("256 times as long", Assert.Throws<InvalidOperationException>(() => tokenizer.Decode([0])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_that_takes_forever_is_stopped_and_named()
    {
        var tokenizer = Load("""{"pre_tokenizer":{"type":"Split","pattern":{"Regex":"(x+x+)+y"},"behavior":"Removed","invert":false},"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"}}""");
        var began = Stopwatch.GetTimestamp();
        Assert.Contains("(x+x+)+y", Assert.Throws<TimeoutException>(() => tokenizer.Encode(new string('x', 5000))).Message, StringComparison.Ordinal);
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 60);
    }

    [Fact]
    public void Padding_that_a_file_asks_for_is_bounded()
    {
        var error = Assert.Throws<InvalidDataException>(() => Load("""{"padding":{"strategy":{"Fixed":2000000000},"direction":"Right","pad_id":0,"pad_type_id":0,"pad_token":"a"},"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"}}"""));
        Assert.Contains("padding.strategy.Fixed must be at most", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_nesting_is_refused()
    {
        var nested = string.Concat(Enumerable.Repeat("""{"type":"Sequence","normalizers":[""", 10_000)) + string.Concat(Enumerable.Repeat("]}", 10_000));
        Assert.Throws<InvalidDataException>(() => Load($$$"""{"normalizer":{{{nested}}},"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"}}"""));
    }

    private static void RefusedOrWorks(byte[] content)
    {
        TokenizerModel tokenizer;
        try
        {
            tokenizer = TokenizerModel.Load(new MemoryStream(content));
        }
        catch (Exception e) when (e is InvalidDataException or NotSupportedException)
        {
            Assert.NotEmpty(e.Message);
            return;
        }
        foreach (var text in Texts)
        {
            try
            {
                var encoded = tokenizer.Encode(text);
                Assert.All(encoded.Spans, span => Assert.True(span.Start >= 0 && span.Start <= span.End && span.End <= text.Length, $"{span} of {text.Length}: {Encoding.UTF8.GetString(content)}"));
                Assert.Equal(encoded.Count, encoded.Tokens.Count);
                if (encoded.Ids.All(id => tokenizer.TokenOf(id) is not null))
                    tokenizer.Decode(encoded.Ids);
            }
            // No unknown token; a text that can't be cut as the file wants; a pattern that takes forever.
            catch (Exception e) when (e is InvalidOperationException or ArgumentException or TimeoutException)
            {
                Assert.False(e is ArgumentOutOfRangeException or ObjectDisposedException, e.ToString());
            }
        }
    }

    private static byte[] ChangeBytes(byte[] whole, Random random)
    {
        var bytes = whole.ToList();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes.RemoveRange(at, Math.Min(random.Next(1, 20), bytes.Count - at)); break;
                case 2: bytes.InsertRange(at, whole.Skip(random.Next(whole.Length)).Take(random.Next(1, 20))); break;
                default: bytes[at] = "{}[],:\"0-e"u8[random.Next(10)]; break;
            }
        }
        return [.. bytes];
    }

    // A value somewhere in the file becomes another one, or goes.
    private static byte[] ChangeValues(byte[] whole, Random random)
    {
        var root = JsonNode.Parse(whole)!;
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var node = root;
            while (true)
            {
                if (node is JsonObject { Count: > 0 } parts)
                {
                    var name = parts.ElementAt(random.Next(parts.Count)).Key;
                    if (parts[name] is JsonObject or JsonArray && random.Next(5) != 0)
                    {
                        node = parts[name]!;
                        continue;
                    }
                    if (random.Next(6) == 0)
                        parts.Remove(name);
                    else
                        parts[name] = Values[random.Next(Values.Length)]?.DeepClone();
                }
                else if (node is JsonArray { Count: > 0 } items)
                {
                    var at = random.Next(items.Count);
                    if (items[at] is JsonObject or JsonArray && random.Next(5) != 0)
                    {
                        node = items[at]!;
                        continue;
                    }
                    if (random.Next(6) == 0)
                        items.RemoveAt(at);
                    else
                        items[at] = Values[random.Next(Values.Length)]?.DeepClone();
                }
                break;
            }
        }
        return Encoding.UTF8.GetBytes(root.ToJsonString());
    }

    private static TokenizerModel Load(string content) => TokenizerModel.Load(new MemoryStream(Encoding.UTF8.GetBytes(content)));
}
