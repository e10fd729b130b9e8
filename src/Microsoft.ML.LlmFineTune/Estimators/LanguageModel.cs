using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>A decoder and its tokenizer: it continues texts.</summary>
public sealed class LanguageModel : TextModel
{
    /// <summary>Puts a decoder and its tokenizer together.</summary>
    /// <param name="tokenizer">The tokenizer that the decoder was or will be trained with; it has an end-of-text token.</param>
    /// <param name="decoder">The decoder; the language model becomes its owner.</param>
    /// <exception cref="ArgumentException">The tokenizer has tokens that the decoder does not know, or no token that ends a text.</exception>
    public LanguageModel(TokenizerAdapter tokenizer, DecoderModel decoder) : base(tokenizer, decoder)
    {
        Decoder = decoder;
        EndOfText = EndOf(tokenizer, decoder.Config);
    }

    /// <summary>The decoder, in evaluation mode.</summary>
    public DecoderModel Decoder { get; }

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
    /// <param name="folder">The folder.</param>
    /// <param name="loading">Whether the weights are copied, or mapped from the files where these have them as the model does. Default: copied.</param>
    /// <exception cref="InvalidDataException">A file is cut, corrupt, or does not fit the others; the message names it.</exception>
    /// <exception cref="NotSupportedException">The folder's model is no decoder: <see cref="TextEncoder.Load"/> reads encoders.</exception>
    public static LanguageModel Load(string folder, WeightLoading loading = WeightLoading.Copied) => ModelFolder.LoadLanguageModel(new ModelSource(folder, folder), loading);

    /// <summary>Continues a text.</summary>
    /// <param name="prompt">The text; may be empty.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="cancellation">Stops between two tokens.</param>
    /// <returns>The new text, without the prompt.</returns>
    public string Generate(string prompt, GenerationOptions? options = null, CancellationToken cancellation = default) =>
        new TextGenerator(Decoder, Tokenizer).Generate(prompt, options, cancellation).Text;

    /// <summary>The token that ends a text: the tokenizer's, or else the configuration's first.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    internal static int EndOf(TokenizerAdapter tokenizer, ModelConfig config) =>
        tokenizer.EndOfText ?? (config.EndOfText.Count > 0 ? config.EndOfText[0] : throw new ArgumentException(
            "A language model needs a token that ends a text; neither the tokenizer nor the decoder's configuration has one. Train the tokenizer with a special token <|endoftext|>, or name one in TokenizerFacts.", nameof(tokenizer)));
}
