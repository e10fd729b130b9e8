using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A conversation as a chat template renders it.</summary>
public sealed class RenderedChat
{
    internal RenderedChat(string text, IReadOnlyList<GenerationSpan> generationSpans) => (Text, GenerationSpans) = (text, generationSpans);

    /// <summary>The rendered text: the prompt.</summary>
    public string Text { get; }

    /// <summary>
    /// What the template's <c>{% generation %}</c> blocks wrote, in the order in which they ended; empty where the template has no such block. As in the reference, one inside a macro, a block assignment or a filter block starts where the printed
    /// text had come to, whatever becomes of what it wrote.
    /// </summary>
    public IReadOnlyList<GenerationSpan> GenerationSpans { get; }

    /// <summary>The spans as the reference counts them, in code points (a surrogate pair is one).</summary>
    public IReadOnlyList<GenerationSpan> GenerationSpansInCodePoints()
    {
        if (!CodePointText.HasSurrogates(Text)) return GenerationSpans;
        return [.. GenerationSpans.Select(span => new GenerationSpan(CodePointText.Count(Text.AsSpan(0, Math.Min(span.Start, Text.Length))), CodePointText.Count(Text.AsSpan(0, Math.Min(span.End, Text.Length)))))];
    }

    /// <summary>1 for each token of the assistant, 0 for the others: the mask of a loss on what the assistant says alone. The rules are <see cref="AssistantMask.Of(IReadOnlyList{ValueTuple{int, int}}, IReadOnlyList{GenerationSpan})"/>'s.</summary>
    /// <param name="tokens">The tokens of <see cref="Text"/>, without special tokens added by the tokenizer.</param>
    public int[] AssistantMaskOf(IReadOnlyList<EncodedToken> tokens) =>
        AssistantMask.Of([.. Require.NotNull(tokens).Select(token => (token.Offset.Start.Value, token.Offset.End.Value))], GenerationSpans);

    /// <summary>The text.</summary>
    public override string ToString() => Text;
}
