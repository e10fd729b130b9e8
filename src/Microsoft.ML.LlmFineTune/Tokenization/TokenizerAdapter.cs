using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>One view of our own tokenizers and of any <see cref="Microsoft.ML.Tokenizers.Tokenizer"/> that a user brings.</summary>
public sealed class TokenizerAdapter
{
    private readonly TokenizerFacts _facts;

    private TokenizerAdapter(Tokenizer tokenizer, TokenizerFacts facts) => (Tokenizer, _facts) = (tokenizer, facts);

    /// <summary>The tokenizer behind this view.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>One more than the largest token id.</summary>
    public int VocabularySize => _facts.VocabularySize;

    /// <summary>The token that ends a document and stands between documents; null where there is none.</summary>
    public int? EndOfText => _facts.EndOfText;

    /// <summary>The token to pad with; null where there is none.</summary>
    public int? Padding => _facts.Padding;

    /// <summary>The token for what the vocabulary doesn't have; null where there is none.</summary>
    public int? Unknown => _facts.Unknown;

    /// <summary>What the <c>tokenizer_config.json</c> of one of our tokenizers says, chat templates among it; null where there is none.</summary>
    public TokenizerConfig? Config => (Tokenizer as TokenizerModel)?.Config;

    /// <summary>A view of a tokenizer.</summary>
    /// <param name="tokenizer">A tokenizer of ours or any other.</param>
    /// <param name="facts">What the tokenizer doesn't tell of itself. Needed for tokenizers that are not ours; for a <see cref="TokenizerModel"/>, null takes its own.</param>
    /// <exception cref="ArgumentException">The tokenizer is not ours and <paramref name="facts"/> is null, or they name an id outside the vocabulary.</exception>
    public static TokenizerAdapter Of(Tokenizer tokenizer, TokenizerFacts? facts = null)
    {
        Require.NotNull(tokenizer);
        if (facts is null && tokenizer is TokenizerModel model)
            facts = new TokenizerFacts(model.VocabularySize, model.EndOfText, model.Padding, model.Unknown);
        if (facts is null)
            throw new ArgumentException($"A {tokenizer.GetType().Name} doesn't tell the size of its vocabulary nor its special tokens: give them as {nameof(TokenizerFacts)}.", nameof(facts));
        Require.AtLeast(facts.VocabularySize, 1);
        foreach (var (id, name) in (ReadOnlySpan<(int?, string)>)[(facts.EndOfText, nameof(TokenizerFacts.EndOfText)), (facts.Padding, nameof(TokenizerFacts.Padding)), (facts.Unknown, nameof(TokenizerFacts.Unknown))])
        {
            if (id is { } value)
                Require.Below(value, 0, facts.VocabularySize, name);
        }
        return new TokenizerAdapter(tokenizer, facts);
    }

    /// <summary>The ids of a text, without special tokens around it.</summary>
    /// <exception cref="InvalidOperationException">The tokenizer gave an id outside its vocabulary.</exception>
    public int[] Encode(string text)
    {
        Require.NotNull(text);
        int[] ids = [.. Tokenizer.EncodeToIds(text)];
        foreach (var id in ids)
        {
            // Checked here, because an embedding looked up outside its table ends in an error far from its cause.
            if (id < 0 || id >= VocabularySize)
                throw new InvalidOperationException($"The vocabulary has {VocabularySize} entries, but the tokenizer gave the id {id}. Correct {nameof(TokenizerFacts)}.{nameof(TokenizerFacts.VocabularySize)}.");
        }
        return ids;
    }

    /// <summary>The text of ids.</summary>
    public string Decode(IEnumerable<int> ids) => Tokenizer.Decode(ids);

    /// <summary>A decoder that takes tokens one by one.</summary>
    public StreamingDecoder CreateStreamingDecoder() => new(Decode);
}
