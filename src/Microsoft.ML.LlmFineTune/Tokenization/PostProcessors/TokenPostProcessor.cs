using System.Text.Json;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// What is done to the tokens of a text or a pair of texts: special tokens around them, spans without the spaces at a token's edges. The post-processors of Hugging Face's tokenizers. Immutable, safe for several threads.
/// </summary>
public abstract class TokenPostProcessor
{
    private protected TokenPostProcessor()
    {
    }

    /// <summary>Takes the spaces at a token's edges out of its span.</summary>
    /// <param name="trimOffsets">Whether it does; default true.</param>
    /// <param name="addPrefixSpace">Whether the one space that the first token begins with is taken for one that isn't in the text; default true.</param>
    public static TokenPostProcessor ByteLevel(bool trimOffsets = true, bool addPrefixSpace = true) => new ByteLevelPostProcessor(trimOffsets, addPrefixSpace, useRegex: true);

    /// <summary>BERT's: <c>[CLS] A [SEP]</c> and <c>[CLS] A [SEP] B [SEP]</c>, the second text and its separator with type id 1.</summary>
    public static TokenPostProcessor Bert((string Token, int Id) separator, (string Token, int Id) classification) => new BertPostProcessor(separator, classification);

    /// <summary>RoBERTa's: <c>&lt;s&gt; A &lt;/s&gt;</c> and <c>&lt;s&gt; A &lt;/s&gt;&lt;/s&gt; B &lt;/s&gt;</c>, all of type 0.</summary>
    public static TokenPostProcessor Roberta((string Token, int Id) separator, (string Token, int Id) classification, bool trimOffsets = true, bool addPrefixSpace = true) =>
        new RobertaPostProcessor(separator, classification, trimOffsets, addPrefixSpace);

    /// <summary>Special tokens by a pattern such as <c>[CLS] $A [SEP]</c> and, for pairs, <c>[CLS] $A [SEP] $B:1 [SEP]:1</c>: what follows a colon is the type id.</summary>
    /// <param name="single">The pattern for one text.</param>
    /// <param name="pair">The pattern for two texts.</param>
    /// <param name="specialTokens">The ids of the special tokens that the patterns name.</param>
    /// <exception cref="ArgumentException">A pattern is malformed, or names a token that has no id.</exception>
    public static TokenPostProcessor Template(string single, string pair, IReadOnlyDictionary<string, int> specialTokens) =>
        TemplatePostProcessor.Of(Require.Text(single), Require.Text(pair), Require.NotNull(specialTokens));

    /// <summary>Several, one after the other.</summary>
    public static TokenPostProcessor Sequence(params IReadOnlyList<TokenPostProcessor> postProcessors) => new PostProcessorSequence([.. Require.NotNull(postProcessors)]);

    /// <summary>Reads a post-processor as the section of a <c>tokenizer.json</c> describes it.</summary>
    /// <exception cref="InvalidDataException">The description is malformed; the message names the part.</exception>
    /// <exception cref="NotSupportedException">It is of an unknown kind.</exception>
    public static TokenPostProcessor Parse(string json) => ComponentJson.Parse(json, "post_processor", PostProcessorJson.Read);

    /// <summary>The description as it stands in a <c>tokenizer.json</c>.</summary>
    public string ToJson() => ComponentJson.Write(Write);

    /// <summary>How many special tokens it adds.</summary>
    /// <param name="pair">Whether to a pair of texts.</param>
    public abstract int AddedTokens(bool pair);

    /// <summary>Special tokens by what the section itself calls them.</summary>
    internal virtual IEnumerable<(string Token, int Id)> SpecialTokens => [];

    /// <summary>Changes the texts' tokens; what comes back is joined.</summary>
    internal abstract List<EncodedTokens> Process(List<EncodedTokens> texts, bool addSpecialTokens, Func<EncodedTokens, int, string> spell);

    internal abstract void Write(Utf8JsonWriter writer);
}
