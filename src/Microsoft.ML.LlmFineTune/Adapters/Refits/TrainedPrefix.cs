using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Adapters.Refits;

/// <summary>Trained keys and values of virtual tokens. They are used as they are: nothing rotates or projects them.</summary>
internal sealed class TrainedPrefix : VirtualTokens, IRefit
{
    private readonly Parameter rows;
    private readonly KeyValueShape _shape;

    public TrainedPrefix(int tokens, KeyValueShape shape, Device device, ScalarType dtype) : base(nameof(TrainedPrefix))
    {
        (Count, _shape) = (tokens, shape);
        rows = Weights.Uninitialized(device, dtype, tokens, 2L * shape.Layers * shape.Heads * shape.HeadSize);
        RegisterComponents();
    }

    public override int Count { get; }

    public override Tensor? Embeddings => null;

    public override Tensor KeysAndValues => rows.view(Count, 2L * _shape.Layers, _shape.Heads, _shape.HeadSize).permute(1, 2, 0, 3);

    public IReadOnlyList<(string, Parameter)> Parts => [("prompt_embeddings", rows)];

    public long KeptOfToken => 0;

    public bool KeepsInput => false;

    public void Initialize(RandomStream random) => Initialization.Normal(rows, random, 1);
}
