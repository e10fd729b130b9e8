using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// Trains a byte-level BPE tokenizer as GPT-2's: the shortest way to <see cref="TokenizerTrainer"/> for it. Ids: special tokens, bytes, then the merges in order.
/// The same documents, in any order, always give the same tokenizer, which is the one that Hugging Face's trainer gives.
/// </summary>
public sealed class ByteLevelBpeTrainer
{
    private readonly BpeTrainerOptions _options;
    private readonly TokenizerTrainingPipeline _pipeline;

    /// <summary>A trainer.</summary>
    /// <param name="options">Null takes <see cref="Defaults"/>. An initial alphabet other than all bytes loses bytes of texts that are encoded later.</param>
    /// <param name="preTokenizer">How texts are split into words, <see cref="TextPreTokenizer.ByteLevel"/> last; null, GPT-2's way without a space before the text.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or the vocabulary has no room for special tokens and initial alphabet.</exception>
    public ByteLevelBpeTrainer(BpeTrainerOptions? options = null, TextPreTokenizer? preTokenizer = null)
    {
        _options = Checked(options ?? Defaults);
        _pipeline = PipelineOf(preTokenizer);
    }

    /// <summary>4096 entries, pairs that occur twice, all bytes, <c>&lt;|endoftext|&gt;</c> as the only special token.</summary>
    public static BpeTrainerOptions Defaults { get; } = new() { VocabularySize = 4096, MinimumFrequency = 2, InitialAlphabet = BpeTrainerOptions.ByteAlphabet, SpecialTokens = ["<|endoftext|>"] };

    /// <summary>Trains on documents.</summary>
    /// <param name="documents">Texts; read once.</param>
    /// <param name="cancellationToken">Stops training; nothing is left behind.</param>
    /// <exception cref="ArgumentException">No document has any text, or one is null.</exception>
    public TokenizerModel Train(IEnumerable<string> documents, CancellationToken cancellationToken = default) => TokenizerTrainer.Train(documents, _options, _pipeline, cancellationToken);

    /// <summary>Demands options in their ranges, and room for special tokens and initial alphabet.</summary>
    internal static BpeTrainerOptions Checked(BpeTrainerOptions options)
    {
        options.Validate();
        Require.AtLeast(options.VocabularySize, options.SpecialTokens.Distinct().Count() + options.InitialAlphabet.Count, nameof(BpeTrainerOptions.VocabularySize));
        return options;
    }

    internal static TokenizerTrainingPipeline PipelineOf(TextPreTokenizer? preTokenizer) => new() { PreTokenizer = preTokenizer ?? TextPreTokenizer.ByteLevel(), Decoder = TokenDecoder.ByteLevel };
}
