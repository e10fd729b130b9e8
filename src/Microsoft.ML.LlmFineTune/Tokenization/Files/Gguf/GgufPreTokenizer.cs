namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What <c>tokenizer.ggml.pre</c> of a GGUF file stands for: how texts are cut into words, and what the name means besides.</summary>
/// <param name="Patterns">Expressions that one after the other cut what the ones before have left; matches and what is between them are words.</param>
internal sealed record GgufPreTokenizer(params IReadOnlyList<string> Patterns)
{
    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    private const string Ends = @"|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string DeepSeek3 = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*" + Ends;
    private const string Cased = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+";
    private const string Capitals = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*";
    private const string Bloom = " ?[^(\\s|.,!?\u2026\u3002\uFF0C\u3001\u0964\u06D4\u060C)]+";
    private const string Kana = "[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+";

    private static readonly Dictionary<string, GgufPreTokenizer> Known = Named(
        ("default", new([@"[\p{P}\$\+<=>\^~\|]+", Gpt2, @"\p{N}+", "[0-9][0-9][0-9]"])),
        ("gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert mpt olmo jais trillion granite-docling exaone4", new([Gpt2])),
        ("jina-v1-en jina-v2-code roberta-bpe", new([Gpt2]) { AddsSeparator = true }),
        ("llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano", new([TiktokenPattern.Llama3]) { IgnoresMerges = true, AddsBegin = true }),
        ("dbrx smaug-bpe glm4 chatglm-bpe", new([TiktokenPattern.Llama3])),
        ("qwen2 deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open grok-2", new([TiktokenPattern.Qwen2])),
        ("qwen35", new([Contractions + @"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" + Ends])),
        ("deepseek-coder", new(["[\\r\\n]", @"\s?\p{L}+", @"\s?\p{P}+", "[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+", @"\p{N}"])),
        ("deepseek-v3 hunyuan-dense joyai-llm hy_v4", new([@"\p{N}{1,3}", Kana, DeepSeek3])),
        ("falcon", new([@"[\p{P}\$\+<=>\^~\|`]+", Gpt2, "[0-9][0-9][0-9]"])),
        ("starcoder refact command-r smollm codeshell exaone minerva-7b mellum2", new([@"\p{N}", Gpt2])),
        ("poro-chat bloom gpt3-finnish", new([Bloom])),
        ("viking", new([Bloom, @"\p{N}"])),
        ("tekken", new([Cased + "|" + Capitals + @"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + Ends]) { IgnoresMerges = true, AddsBegin = true }),
        ("gpt-4o llama4 kanana2 talkie minimax-m2", new([TiktokenPattern.O200kBase])),
        ("bailingmoe bailingmoe2 llada-moe", new([@"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"])),
        ("seed-coder", new([Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+" + Ends])),
        ("ufakzeka", new([@"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + Ends])),
        ("minicpm5", new([@"\p{N}{1,3}", Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*" + Ends]) { IgnoresMerges = true }),
        ("superbpe", new([@"\p{N}+", @"(?=(\d{3})+(?!\d))"])));

    /// <summary>Whether a word that is a token is never merged.</summary>
    public bool IgnoresMerges { get; private init; }

    /// <summary>Whether the begin of a sequence is put before a text unless the file says otherwise.</summary>
    public bool AddsBegin { get; private init; }

    /// <summary>Whether the begin and end of a sequence are put around a text unless the file says otherwise.</summary>
    public bool AddsSeparator { get; private init; }

    /// <exception cref="NotSupportedException">The name is not known.</exception>
    public static GgufPreTokenizer Of(string name, string file) =>
        Known.TryGetValue(name, out var known) ? known : throw new NotSupportedException($"{file}: tokenizer.ggml.pre must be one of {string.Join(", ", Known.Keys.Order(StringComparer.Ordinal))}; it is '{name}'.");

    private static Dictionary<string, GgufPreTokenizer> Named(params ReadOnlySpan<(string Names, GgufPreTokenizer Words)> entries)
    {
        var named = new Dictionary<string, GgufPreTokenizer>(StringComparer.Ordinal);
        foreach (var (names, words) in entries)
        {
            foreach (var name in names.Split(' '))
                named.Add(name, words);
        }
        return named;
    }
}
