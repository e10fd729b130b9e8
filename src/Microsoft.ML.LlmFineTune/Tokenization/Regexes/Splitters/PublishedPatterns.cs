namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The split patterns that published tokenizers have, in their spellings.</summary>
internal static class PublishedPatterns
{
    private const string Endings = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Tail = @"\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";

    // Read the same in both flavours.
    private static readonly Dictionary<string, TextSplitter> Both = new(StringComparer.Ordinal)
    {
        // GPT-2, RoBERTa, Phi: the original, and tiktoken's spellings.
        [@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"] = Gpt2Splitter.Instance,
        [@"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"] = Gpt2Splitter.Instance,
        [@"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"] = Gpt2Splitter.Instance,
        // cl100k_base in Hugging Face's files, Llama 3; an older spelling of tiktoken's.
        [$@"{Endings}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{Tail}"] = new Cl100kSplitter(3),
        [@"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"] = new Cl100kSplitter(3),
        // Qwen 2.
        [$@"{Endings}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{Tail}"] = new Cl100kSplitter(1),
        // Marks as letters, as later Qwens have it.
        [$@"{Endings}|[^\r\n\p{{L}}\p{{N}}]?[\p{{L}}\p{{M}}]+|\p{{N}}| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+[\r\n]*|{Tail}"] = new Cl100kSplitter(1, marks: true),
        // o200k_base.
        [$@"[^\r\n\p{{L}}\p{{N}}]?{Upper}*{Lower}+{Endings}?|[^\r\n\p{{L}}\p{{N}}]?{Upper}+{Lower}*{Endings}?|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{Tail}"] = new O200kSplitter(3),
        // Mistral's Tekken.
        [$@"[^\r\n\p{{L}}\p{{N}}]?{Upper}*{Lower}+|[^\r\n\p{{L}}\p{{N}}]?{Upper}+{Lower}*|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{Tail}"] = new O200kSplitter(1, contractions: false),
    };

    // Oniguruma reads {1,3}+ otherwise.
    private static readonly Dictionary<string, TextSplitter> RustOnly = new(StringComparer.Ordinal)
    {
        [@"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"] = new Cl100kSplitter(3, wholeEnd: true),
    };

    /// <summary>All of them with the flavour whose reading the scanner has.</summary>
    public static IEnumerable<(string Pattern, RegexFlavor Flavor)> All =>
        Both.Keys.SelectMany(pattern => new[] { (pattern, RegexFlavor.Oniguruma), (pattern, RegexFlavor.Rust) }).Concat(RustOnly.Keys.Select(pattern => (pattern, RegexFlavor.Rust)));

    /// <summary>The scanner of a pattern; null where it is none of these.</summary>
    public static TextSplitter? Find(string pattern, RegexFlavor flavor) => Both.GetValueOrDefault(pattern) ?? (flavor == RegexFlavor.Rust ? RustOnly.GetValueOrDefault(pattern) : null);
}
