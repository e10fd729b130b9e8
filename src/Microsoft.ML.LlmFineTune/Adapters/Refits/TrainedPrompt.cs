using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Embedding = Microsoft.ML.LlmFineTune.Layers.Embedding;

namespace Microsoft.ML.LlmFineTune.Adapters.Refits;

/// <summary>Trained embeddings of virtual tokens.</summary>
internal sealed class TrainedPrompt : VirtualTokens, IRefit
{
    private readonly Parameter embeddings;

    /// <param name="tokens">How many virtual tokens.</param>
    /// <param name="parts">How many times as many rows the files have: for encoder-decoders two, of which the encoder reads the first.</param>
    /// <param name="width">Size of an embedding.</param>
    /// <param name="device">Where they live.</param>
    /// <param name="dtype">Type of the numbers.</param>
    public TrainedPrompt(int tokens, int parts, long width, Device device, ScalarType dtype) : base(nameof(TrainedPrompt))
    {
        Count = tokens;
        embeddings = Weights.Uninitialized(device, dtype, (long)tokens * parts, width);
        RegisterComponents();
    }

    public override int Count { get; }

    public override Tensor Embeddings => embeddings.narrow(0, 0, Count);

    public override Tensor? KeysAndValues => null;

    public IReadOnlyList<(string, Parameter)> Parts => [("prompt_embeddings", embeddings)];

    public long KeptOfToken => 0;

    public bool KeepsInput => false;

    /// <summary>Draws the embeddings, or takes those of tokens.</summary>
    public void Initialize(PromptTuningOptions options, Embedding table, RandomStream random)
    {
        int rows = (int)embeddings.size(0), vocabulary = (int)table.Weight.size(0);
        if (options.InitialTokens is null && !options.BeginsWithVocabulary)
        {
            Initialization.Normal(embeddings, random, 1);
            return;
        }
        int[] tokens = [.. Enumerable.Range(0, rows).Select(row => options.InitialTokens is { } given ? Require.Below(given[row % given.Count], 0, vocabulary, nameof(options.InitialTokens)) : random.NextInt32(vocabulary))];
        using IDisposable withoutGradients = no_grad();
        using IDisposable scope = NewDisposeScope();
        embeddings.copy_(table.Weight.index_select(0, tensor(tokens.Select(token => (long)token).ToArray(), device: table.Weight.device)));
    }
}
