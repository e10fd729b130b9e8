using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// A rank file of tiktoken (OpenAI's, Llama 3's, Qwen's) used as tiktoken uses it: special tokens are text (<see cref="EncodeOrdinary"/>), or are found where they are allowed and refused where they are not (<see cref="Encode"/>). Safe for several threads.
/// </summary>
public sealed class TiktokenEncoding
{
    private readonly TokenizerModel _ordinary;

    private TiktokenEncoding(TokenizerModel tokenizer)
    {
        Tokenizer = tokenizer;
        _ordinary = Allowing(new HashSet<string>());
    }

    /// <summary>The tokenizer, which finds all special tokens; it can be saved as a tokenizer.json.</summary>
    public TokenizerModel Tokenizer { get; }

    /// <summary>The special tokens.</summary>
    public IReadOnlySet<string> SpecialTokens => field ??= Tokenizer.AddedTokens.Select(token => token.Content).ToHashSet(StringComparer.Ordinal);

    /// <summary>Reads a rank file.</summary>
    /// <param name="path">The file: a line for each token, its bytes in base64, a space, its rank.</param>
    /// <param name="pattern">The expression that cuts texts into words; <see cref="TiktokenPattern"/> has the published ones, and tiktoken's own spellings of them are understood. Other expressions are read as those of a tokenizer.json (Oniguruma).</param>
    /// <param name="specialTokens">Special tokens and their ids; null: none.</param>
    /// <exception cref="InvalidDataException">The file is malformed, or a special token has the id of another token.</exception>
    /// <exception cref="NotSupportedException">The file is too large, or the expression has what is not known here.</exception>
    public static TiktokenEncoding Load(string path, string pattern, IReadOnlyDictionary<string, int>? specialTokens = null) => Of(TiktokenFile.Load(Require.Text(path)), path, pattern, specialTokens);

    /// <summary>Reads the content of a rank file; the stream stays open.</summary>
    /// <param name="stream">The content.</param>
    /// <param name="pattern">The expression that cuts texts into words.</param>
    /// <param name="specialTokens">Special tokens and their ids; null: none.</param>
    public static TiktokenEncoding Load(Stream stream, string pattern, IReadOnlyDictionary<string, int>? specialTokens = null) =>
        Of(TiktokenFile.Load(Require.NotNull(stream), "the rank file"), "the rank file", pattern, specialTokens);

    /// <summary>The ids of a text in which special tokens are text like any other (tiktoken's <c>encode_ordinary</c>).</summary>
    public IReadOnlyList<int> EncodeOrdinary(string text) => _ordinary.EncodeToIds(Require.NotNull(text));

    /// <summary>The ids of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="allowedSpecial">The special tokens that are found in it; null (default): none. <see cref="SpecialTokens"/> allows all.</param>
    /// <param name="disallowedSpecial">The special tokens whose presence is an error; null (default): all that are not allowed. Those in neither set are text.</param>
    /// <exception cref="ArgumentException">A special token that is not allowed is in the text.</exception>
    public IReadOnlyList<int> Encode(string text, IReadOnlySet<string>? allowedSpecial = null, IReadOnlySet<string>? disallowedSpecial = null)
    {
        Require.NotNull(text);
        foreach (var token in SpecialTokens)
        {
            var isDisallowed = disallowedSpecial?.Contains(token) ?? allowedSpecial?.Contains(token) != true;
            if (isDisallowed && text.Contains(token, StringComparison.Ordinal))
                throw new ArgumentException($"The text has the special token '{token}', which is not allowed. Allow it by {nameof(allowedSpecial)}, or take it for text by {nameof(EncodeOrdinary)} or by leaving it out of {nameof(disallowedSpecial)}.", nameof(text));
        }
        return (allowedSpecial is null || allowedSpecial.Count == 0 ? _ordinary : SpecialTokens.IsSubsetOf(allowedSpecial) ? Tokenizer : Allowing(allowedSpecial)).EncodeToIds(text);
    }

    /// <summary>The text of ids.</summary>
    public string Decode(IEnumerable<int> ids) => Tokenizer.Decode(ids);

    private static TiktokenEncoding Of(TiktokenFile file, string name, string pattern, IReadOnlyDictionary<string, int>? specialTokens) =>
        new(TokenizerJsonReader.Read(file.ToTokenizerJson(Require.Text(pattern), specialTokens ?? new Dictionary<string, int>()), name));

    private TokenizerModel Allowing(IReadOnlySet<string> special) => new(Tokenizer.Parts with { AddedTokens = [.. Tokenizer.Parts.AddedTokens.Where(token => special.Contains(token.Content))] });
}
