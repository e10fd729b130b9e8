using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>From spans of a text to a mask over its tokens, as Hugging Face's <c>apply_chat_template(return_assistant_tokens_mask=True)</c> does it.</summary>
public static class AssistantMask
{
    /// <summary>
    /// 1 for each token of a span, 0 for the others. A span covers the tokens from the one that holds its first character to the one that holds its last. An empty span normally marks nothing.
    /// The reference's quirks are kept: where the last character lies in token 0, or in no token, everything from the span's first token to the end is marked; where the first character lies in no token (the text was cut before it),
    /// this span and all later ones are skipped.
    /// </summary>
    /// <param name="offsets">First and last (exclusive) character of each token, in the units of <paramref name="spans"/>.</param>
    /// <param name="spans">The spans, in order.</param>
    public static int[] Of(IReadOnlyList<(int Start, int End)> offsets, IReadOnlyList<GenerationSpan> spans)
    {
        Require.NotNull(offsets);
        Require.NotNull(spans);
        var mask = new int[offsets.Count];
        foreach (var span in spans)
        {
            if (TokenAt(offsets, span.Start) is not { } first) break;
            var last = TokenAt(offsets, span.End - 1);
            for (var i = first; i < (last is > 0 ? last + 1 : mask.Length); i++) mask[i] = 1;
        }
        return mask;
    }

    /// <summary>The first token that holds a character; null where none does.</summary>
    private static int? TokenAt(IReadOnlyList<(int Start, int End)> offsets, int character)
    {
        for (var i = 0; i < offsets.Count; i++)
        {
            if (offsets[i].Start <= character && character < offsets[i].End) return i;
        }
        return null;
    }
}
