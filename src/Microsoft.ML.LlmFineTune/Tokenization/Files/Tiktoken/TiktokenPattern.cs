namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// The published patterns by which tiktoken's vocabularies and their relatives split texts. Possessive quantifiers of the originals are written as greedy ones, which match the same here, and their <c>$</c>, which means the very end, as <c>\z</c>.
/// </summary>
public static class TiktokenPattern
{
    /// <summary>GPT-2's, also of r50k_base, p50k_base and p50k_edit.</summary>
    public const string Gpt2 = @"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>GPT-3.5's and GPT-4's.</summary>
    public const string Cl100kBase = @"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+\z|\s*[\r\n]|\s+(?!\S)|\s";

    /// <summary>GPT-4o's, also of o200k_harmony.</summary>
    public const string O200kBase =
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Llama 3's.</summary>
    public const string Llama3 = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Qwen's and Qwen 2's: digits stand alone.</summary>
    public const string Qwen2 = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static readonly Dictionary<string, string> Named = new(StringComparer.Ordinal)
    {
        ["gpt2"] = Gpt2, ["r50k_base"] = Gpt2, ["p50k_base"] = Gpt2, ["p50k_edit"] = Gpt2,
        ["cl100k_base"] = Cl100kBase, ["o200k_base"] = O200kBase, ["o200k_harmony"] = O200kBase,
        ["llama3"] = Llama3, ["qwen"] = Qwen2, ["qwen2"] = Qwen2,
    };

    // tiktoken's own spellings, in which $ is the very end and {1,3}+ possessive: not so in a tokenizer.json.
    private static readonly Dictionary<string, string> Respelled = new(StringComparer.Ordinal)
    {
        [@"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"] = Gpt2,
        [@"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"] = Cl100kBase,
    };

    /// <summary>The names that <see cref="Of"/> knows.</summary>
    public static IReadOnlyCollection<string> Names => Named.Keys;

    /// <summary>A pattern as a tokenizer.json can have it.</summary>
    internal static string Portable(string pattern) => Respelled.GetValueOrDefault(pattern, pattern);

    /// <summary>The pattern of a name.</summary>
    /// <exception cref="ArgumentException">No pattern is known by this name.</exception>
    public static string Of(string name) => Named.TryGetValue(name, out var pattern) ? pattern : throw new ArgumentException($"The name must be one of {string.Join(", ", Named.Keys)}; it is '{name}'. Give the pattern itself otherwise.", nameof(name));
}
