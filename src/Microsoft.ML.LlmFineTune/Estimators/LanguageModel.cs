using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>A decoder and its tokenizer: what one task hands to the next. Tasks copy the weights before they train, so a language model never changes.</summary>
/// <remarks>Native memory is freed when nothing refers to the model any more, or at once by <see cref="Dispose"/>.</remarks>
public sealed class LanguageModel : IDisposable
{
    /// <summary>Puts a decoder and its tokenizer together.</summary>
    /// <param name="tokenizer">The tokenizer that the decoder was or will be trained with; it has an end-of-text token.</param>
    /// <param name="decoder">The decoder; the language model becomes its owner.</param>
    /// <exception cref="ArgumentException">The tokenizer has tokens that the decoder does not know, or no token that ends a text.</exception>
    public LanguageModel(TokenizerAdapter tokenizer, DecoderModel decoder)
    {
        NativeRuntime.Initialize();
        Tokenizer = Require.NotNull(tokenizer);
        Decoder = Require.NotNull(decoder);
        EndOfText = RequirePair(tokenizer, decoder.Config);
        decoder.eval();
    }

    /// <summary>The tokenizer.</summary>
    public TokenizerAdapter Tokenizer { get; }

    /// <summary>The decoder, in evaluation mode.</summary>
    public DecoderModel Decoder { get; }

    /// <summary>The decoder's configuration.</summary>
    public ModelConfig Config => Decoder.Config;

    /// <summary>Id of the token that ends a text and stands between texts.</summary>
    public int EndOfText { get; }

    /// <summary>An untrained model: weights drawn by a seed.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="config">The decoder's shape, for example <c>Gpt2Presets.Tiny(tokenizer.VocabularySize)</c>; the tokenizer's end-of-text token is added to it where it names none.</param>
    /// <param name="seed">Seed of the weights; default 1.</param>
    public static LanguageModel Create(TokenizerModel tokenizer, ModelConfig config, long seed = 1)
    {
        NativeRuntime.Initialize();
        Require.NotNull(tokenizer);
        Require.NotNull(config);
        if (config.EndOfText.Count == 0 && tokenizer.EndOfText is int end) config = config with { BeginOfText = config.BeginOfText ?? end, EndOfText = [end] };
        var decoder = config.CreateDecoder();
        decoder.Initialize(new RandomStreams(seed).Initialization);
        return new LanguageModel(TokenizerAdapter.Of(tokenizer), decoder);
    }

    /// <summary>Reads a folder in Hugging Face's layout: config.json, model.safetensors, tokenizer.json.</summary>
    /// <exception cref="InvalidDataException">A file is cut, corrupt, or does not fit the others; the message names it.</exception>
    public static LanguageModel Load(string folder) => ModelFolder.LoadLanguageModel(folder);

    /// <summary>Writes the folder that <see cref="Load"/> reads. Where writing fails, what was there stays as it was.</summary>
    /// <exception cref="NotSupportedException">The tokenizer is not one of ours, and has no file to be saved in.</exception>
    public void Save(string folder) => ModelFolder.Save(this, folder);

    /// <summary>Continues a text.</summary>
    /// <param name="prompt">The text; may be empty.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="cancellation">Stops between two tokens.</param>
    /// <returns>The new text, without the prompt.</returns>
    public string Generate(string prompt, GenerationOptions? options = null, CancellationToken cancellation = default) =>
        new TextGenerator(Decoder, Tokenizer).Generate(prompt, options, cancellation).Text;

    /// <summary>Frees the decoder's memory.</summary>
    public void Dispose() => Decoder.Dispose();

    /// <summary>Demands that the decoder knows all tokens, and that one of them ends a text.</summary>
    /// <returns>The token that ends a text.</returns>
    internal static int RequirePair(TokenizerAdapter tokenizer, ModelConfig config)
    {
        Require.Argument(tokenizer.VocabularySize <= config.VocabularySize,
            $"The decoder must know every token of the tokenizer; it knows {config.VocabularySize}, the tokenizer has {tokenizer.VocabularySize}. Take the tokenizer that the decoder was trained with.", nameof(tokenizer));
        return EndOf(tokenizer, config);
    }

    /// <summary>The token that ends a text: the tokenizer's, or else the configuration's first.</summary>
    internal static int EndOf(TokenizerAdapter tokenizer, ModelConfig config) =>
        tokenizer.EndOfText ?? (config.EndOfText.Count > 0 ? config.EndOfText[0] : throw new ArgumentException(
            "A language model needs a token that ends a text; neither the tokenizer nor the decoder's configuration has one. Train the tokenizer with a special token <|endoftext|>, or name one in TokenizerFacts.", nameof(tokenizer)));

    /// <summary>A decoder of the same weights, for a task to train.</summary>
    internal DecoderModel CopyDecoder()
    {
        var copy = (DecoderModel)Decoder.CreateLike();
        using var noGradients = no_grad();
        foreach (var ((_, target), (_, source)) in copy.named_parameters().Zip(Decoder.named_parameters()))
            target.copy_(source);
        return copy;
    }
}
