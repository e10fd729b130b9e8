using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>An encoder and its tokenizer: it reads texts as a whole, to be fine-tuned into a classifier or to embed them.</summary>
public sealed class TextEncoder : TextModel
{
    /// <summary>Puts an encoder and its tokenizer together.</summary>
    /// <param name="tokenizer">The tokenizer that the encoder was or will be trained with; its post-processor puts the special tokens around a text.</param>
    /// <param name="encoder">The encoder; the text encoder becomes its owner.</param>
    /// <exception cref="ArgumentException">The tokenizer has tokens that the encoder does not know.</exception>
    public TextEncoder(TokenizerModel tokenizer, EncoderModel encoder) : this(TokenizerAdapter.Of(tokenizer), encoder, null)
    {
    }

    internal TextEncoder(TokenizerAdapter tokenizer, EncoderModel encoder, IReadOnlyDictionary<string, Tensor>? otherWeights) : base(tokenizer, encoder, otherWeights) => Encoder = encoder;

    /// <summary>The encoder, in evaluation mode.</summary>
    public EncoderModel Encoder { get; }

    /// <summary>An untrained model: weights drawn by a seed.</summary>
    /// <param name="tokenizer">The tokenizer, for example one trained by <c>TokenizerRecipe.BertUncased(8000)</c>.</param>
    /// <param name="config">The encoder's shape; the tokenizer's padding token is added to it where it names none.</param>
    /// <param name="seed">Seed of the weights; default 1.</param>
    /// <exception cref="NotSupportedException">The configuration is no encoder's.</exception>
    public static TextEncoder Create(TokenizerModel tokenizer, ModelConfig config, long seed = 1)
    {
        NativeRuntime.Initialize();
        Require.NotNull(tokenizer);
        Require.NotNull(config);
        var encoder = (config with { Padding = config.Padding ?? tokenizer.Padding }).CreateEncoder();
        encoder.Initialize(new RandomStreams(seed).Initialization);
        return new TextEncoder(tokenizer, encoder);
    }

    /// <summary>Reads a folder in Hugging Face's layout: config.json, model.safetensors, tokenizer.json. The weights of heads are kept: new tasks take what fits, BERT's pooler for example.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="loading">Whether the weights are copied, or mapped from the files where these have them as the model does. Default: copied.</param>
    /// <exception cref="InvalidDataException">A file is cut, corrupt, or does not fit the others; the message names it.</exception>
    /// <exception cref="NotSupportedException">The folder's model is no encoder: <see cref="LanguageModel.Load"/> reads decoders.</exception>
    public static TextEncoder Load(string folder, WeightLoading loading = WeightLoading.Copied) => ModelFolder.LoadEncoder(new ModelSource(folder, folder), loading);

    /// <summary>The tokenizer as one of ours: others don't tell the special tokens around a text.</summary>
    internal static TokenizerModel RequireTokenizer(TokenizerAdapter tokenizer) => tokenizer.Tokenizer as TokenizerModel
        ?? throw new ArgumentException($"An encoder needs a {nameof(TokenizerModel)}, which knows the special tokens around a text; received a {tokenizer.Tokenizer.GetType().Name}.", nameof(tokenizer));
}
