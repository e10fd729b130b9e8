using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What is encoded: a text or a pair of texts, each as a whole or as words.</summary>
public readonly struct EncodingInput
{
    private EncodingInput(string[] first, string[]? second, bool words) => (First, Second, IsWords) = (first, second, words);

    /// <summary>Whether the texts are given as words.</summary>
    public bool IsWords { get; }

    internal string[] First { get; }

    internal string[]? Second { get; }

    /// <summary>A text, or a pair of texts.</summary>
    public static EncodingInput Of(string text, string? pair = null) => new([Require.NotNull(text)], pair is null ? null : [pair], words: false);

    /// <summary>A text given as words, each of which is split further: spans are those within a word, <see cref="TextEncoding.WordOf"/> tells which.</summary>
    public static EncodingInput OfWords(IEnumerable<string> words, IEnumerable<string>? pair = null) => new([.. Require.NotNull(words)], pair is null ? null : [.. pair], words: true);

    /// <summary>A text.</summary>
    public static implicit operator EncodingInput(string text) => Of(text);

    /// <summary>A pair of texts.</summary>
    public static implicit operator EncodingInput((string First, string Second) pair) => Of(pair.First, pair.Second);
}
