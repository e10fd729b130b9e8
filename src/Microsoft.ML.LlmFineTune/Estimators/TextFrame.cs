using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>What a task reads of a text: its tokens and the special ones around them, cut to what the model takes. The special ones always stay.</summary>
internal abstract class TextFrame(int padding, int maximumTokens)
{
    /// <summary>The token that rows of different lengths are padded with; it is masked.</summary>
    internal int Padding => padding;

    /// <summary>Tokens of a text at most, special ones among them.</summary>
    internal int MaximumTokens => maximumTokens;

    /// <summary>The frame that the model learnt with: end-of-text tokens around a decoder's texts, whatever the tokenizer's post-processor adds around those of other models.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="backbone">The model.</param>
    /// <param name="maximumTokens">Tokens of a text at most; null: as many as the model has positions.</param>
    /// <exception cref="ArgumentException">The tokenizer lacks the special tokens, or they leave no room.</exception>
    internal static TextFrame Of(TokenizerAdapter tokenizer, BackboneModel backbone, int? maximumTokens)
    {
        int maximum = maximumTokens ?? backbone.Config.MaximumLength;
        if (backbone is DecoderModel) return new EndOfTextFrame(tokenizer, LanguageModel.EndOf(tokenizer, backbone.Config), maximum);
        return new SpecialTokenFrame(TextEncoder.RequireTokenizer(tokenizer), backbone.Config.Padding ?? tokenizer.Padding ?? 0, maximum);
    }

    /// <summary>Tokens of each text, at most <see cref="MaximumTokens"/>.</summary>
    internal int[][] Encode(IReadOnlyList<string> texts) => Encode(texts, out _);

    /// <inheritdoc cref="Encode(IReadOnlyList{string})"/>
    internal abstract int[][] Encode(IReadOnlyList<string> texts, out TruncationReport truncation);
}
