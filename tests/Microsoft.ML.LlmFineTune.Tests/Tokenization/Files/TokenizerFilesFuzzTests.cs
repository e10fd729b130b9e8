using System.Diagnostics;
using System.Text;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Files;

/// <summary>Small valid files, changed at random: each change ends in a refusal that names the file, or in a tokenizer that works. The seed is fixed, so a failure can be repeated.</summary>
public sealed class TokenizerFilesFuzzTests : IDisposable
{
    private const int Changes = 400;
    private const long MostBytes = 64 << 20;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);
    private static readonly string[] Texts = ["", " ab  a", "<s>ab</s>\u00E4\u4E00\U0001F600", "\uD800\u0301\t\n\0"];

    private readonly string _folder = Directory.CreateTempSubdirectory("fuzz").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<string> Kinds => ["unigram.model", "bpe.model", "processor.model", "charsmap", "bpe.gguf", "llama.gguf", "ranks.tiktoken", "vocab.txt", "vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_changed_file_is_refused_or_works(string kind)
    {
        var original = Original(kind);
        Assert.True(Load(kind, original), "the file itself must work");
        var refused = 0;
        for (var i = 0; i < Changes; i++)
        {
            var random = new RandomStream(20_261_129, (ulong)i * 1000);
            var changed = Change(original, random);
            var watch = Stopwatch.StartNew();
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                refused += Load(kind, changed) ? 0 : 1;
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"change {i} of {kind}: {e.GetType().Name}: {e.Message}", e);
            }
            Assert.True(watch.Elapsed < Longest, $"change {i} of {kind} took {watch.Elapsed}");
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < MostBytes, $"change {i} of {kind} allocated {GC.GetAllocatedBytesForCurrentThread() - before} bytes");
        }
        Assert.True(refused > 0, "no change was refused");
    }

    private static byte[] Original(string kind) => kind switch
    {
        "unigram.model" or "processor.model" => (TinyModels.Words with
        {
            Normalizer = new() { CharsMap = CharsMapBuilder.Build(("A", "a"), ("AB", "xyz"), ("\t", " "), ("\u00E4", "ae")) },
            Pieces = [.. TinyModels.Words.Pieces, new("<x>", 0, SentencePieceKind.UserDefined), new("cc", -1, SentencePieceKind.Unused)],
        }).Write(),
        "bpe.model" => (TinyModels.Of(SentencePieceAlgorithm.Bpe, [.. TinyModels.Bytes, TinyModels.Normal("ab", -1), TinyModels.Normal("\u2581ab", -2), TinyModels.Normal("\u2581", -3), TinyModels.Normal("a", -4), TinyModels.Normal("b", -5)]) with { Trainer = new() { Algorithm = SentencePieceAlgorithm.Bpe, ByteFallback = true } }).Write(),
        "charsmap" => CharsMapBuilder.Build(("A", "a"), ("AB", "xyz"), ("\t", " "), ("\u00E4", "ae"), ("e\u0301", "\u00E9")),
        "bpe.gguf" => GgufTests.Bpe.Build(),
        "llama.gguf" => new GgufBuilder().Add("tokenizer.ggml.model", "llama").Add("tokenizer.ggml.tokens", (string[])["<unk>", "<s>", "</s>", "ab", "\u2581ab", "\u2581", "a", "b"])
            .Add("tokenizer.ggml.scores", (float[])[0, 0, 0, -1, -2, -3, -4, -5]).Add("tokenizer.ggml.token_type", (int[])[2, 3, 3, 1, 1, 1, 1, 1]).Build(),
        "ranks.tiktoken" => Encoding.ASCII.GetBytes(TiktokenTests.Ranks("ab", " ab", "abab")),
        "vocab.txt" => "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nab\n##ab\na\n##a\n\u00E4\n"u8.ToArray(),
        "vocab.json" => "{\"a\":0,\"b\":1,\"\u0120\":2,\"ab\":3,\"\u0120ab\":4,\"<|endoftext|>\":5}"u8.ToArray(),
        "merges.txt" => "#version: 0.2\na b\n\u0120 ab\n"u8.ToArray(),
        "tokenizer_config.json" => "{\"tokenizer_class\":\"GPT2Tokenizer\",\"bos_token\":\"<|endoftext|>\",\"add_bos_token\":true,\"added_tokens_decoder\":{\"5\":{\"content\":\"<|endoftext|>\",\"special\":true}},\"chat_template\":[{\"name\":\"default\",\"template\":\"x\"}],\"model_max_length\":1e30}"u8.ToArray(),
        "special_tokens_map.json" => "{\"bos_token\":\"<|endoftext|>\",\"eos_token\":{\"content\":\"<|endoftext|>\",\"lstrip\":true},\"additional_special_tokens\":[\"<x>\"]}"u8.ToArray(),
        _ => "{\"<x>\":6,\"<y>\":7}"u8.ToArray(),
    };

    // A few bytes set, a part cut out, repeated or filled with noise, or the end cut off.
    private static byte[] Change(byte[] original, RandomStream random)
    {
        var bytes = original.ToList();
        for (var changes = 1 + random.NextInt32(3); changes > 0 && bytes.Count > 0; changes--)
        {
            var at = random.NextInt32(bytes.Count);
            var length = Math.Min(1 + random.NextInt32(16), bytes.Count - at);
            switch (random.NextInt32(7))
            {
                case 0: bytes[at] = (byte)random.NextInt32(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.NextInt32(8)); break;
                case 2: bytes[at] = (byte)(random.NextInt32(2) == 0 ? 0xFF : 0); break;
                case 3: bytes.RemoveRange(at, length); break;
                case 4: bytes.InsertRange(at, [.. bytes.GetRange(at, length)]); break;
                case 5: bytes.InsertRange(at, [.. Enumerable.Range(0, length).Select(_ => (byte)random.NextInt32(256))]); break;
                default: bytes.RemoveRange(at, bytes.Count - at); break;
            }
        }
        return [.. bytes];
    }

    /// <summary>False where the file is refused in words that name it.</summary>
    private bool Load(string kind, byte[] content)
    {
        var path = Path.Combine(_folder, kind);
        try
        {
            File.WriteAllBytes(path, content);
            switch (kind)
            {
                case "processor.model":
                    Use(SentencePieceProcessor.Load(path));
                    break;
                case "charsmap":
                    Use(new PrecompiledCharsMap(content, path));
                    break;
                default:
                    Use(Tokenizer(kind, path));
                    break;
            }
            return true;
        }
        catch (Exception e) when (e is InvalidDataException or NotSupportedException)
        {
            Assert.Contains(kind, e.Message, StringComparison.Ordinal);
            return false;
        }
    }

    private TokenizerModel Tokenizer(string kind, string path)
    {
        switch (Path.GetExtension(kind))
        {
            case ".gguf": return TokenizerFiles.LoadGguf(path);
            case ".model": return TokenizerFiles.LoadSentencePiece(path, kind == "bpe.model" ? new() { TokenizerClass = "LlamaTokenizer" } : null);
            case ".tiktoken": return TiktokenEncoding.Load(path, TiktokenPattern.Gpt2, new Dictionary<string, int> { ["<x>"] = 259 }).Tokenizer;
            case ".txt" when kind == "vocab.txt": return TokenizerFiles.LoadVocabulary(path);
        }
        // The files that go together; the one under test is there already.
        foreach (var name in (string[])["vocab.json", "merges.txt", "tokenizer_config.json"])
        {
            var other = Path.Combine(_folder, name);
            if (name != kind && !(name == "tokenizer_config.json" && kind is "special_tokens_map.json" or "added_tokens.json") && !File.Exists(other))
                File.WriteAllBytes(other, Original(name));
        }
        return HuggingFaceTokenizerFiles.Read(_folder).Tokenizer;
    }

    private static void Use(TokenizerModel tokenizer)
    {
        foreach (var text in Texts)
        {
            var encoding = tokenizer.Encode(text, new EncodingOptions());
            Assert.All(encoding.Ids, id => Assert.InRange(id, 0, tokenizer.VocabularySize - 1));
            tokenizer.Decode(encoding.Ids);
        }
        using var saved = new MemoryStream();
        tokenizer.Save(saved);
    }

    private static void Use(SentencePieceProcessor processor)
    {
        foreach (var text in Texts)
        {
            var tokens = processor.Encode(text);
            Assert.All(tokens, token => Assert.InRange(token.Id, 0, processor.VocabularySize - 1));
            Assert.All(tokens, token => Assert.True(token.Offset.Start.Value <= token.Offset.End.Value && token.Offset.End.Value <= text.Length));
            processor.Decode(tokens.Select(token => token.Id));
            processor.DecodePieces(tokens.Select(token => token.Value));
            if (processor.Algorithm == SentencePieceAlgorithm.Unigram)
                Assert.NotEmpty(processor.NBestEncode(text, 3));
            if (processor.Algorithm is SentencePieceAlgorithm.Unigram or SentencePieceAlgorithm.Bpe)
                processor.SampleEncode(text, 0.5f, new RandomStream(1));
        }
    }

    private static void Use(PrecompiledCharsMap map)
    {
        var changes = new List<CharacterChange>();
        foreach (var text in Texts.Append("ABA\u00E4e\u0301"))
        {
            changes.Clear();
            map.Normalize(text, changes);
            Assert.All(changes, change => Assert.True(Rune.IsValid(change.CodePoint)));
            map.TryLongestPrefix(Encoding.UTF8.GetBytes(text), out _, out _);
        }
    }
}
