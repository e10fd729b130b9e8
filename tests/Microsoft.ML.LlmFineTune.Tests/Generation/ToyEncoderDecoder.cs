using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Generation;

/// <summary>A few lines of mathematics with the manners of an encoder-decoder: the mean of what the source says is added to a recurrent state at every step of the target.</summary>
internal sealed class ToyEncoderDecoder : EncoderDecoderModel
{
    private readonly Parameter embedding;
    private readonly Parameter sourceWeight;
    private readonly Parameter recurrentWeight;
    private readonly bool _canCutBack;
    private readonly ToyConfig _config;

    public ToyEncoderDecoder(ToyConfig? config = null, ulong seed = 1, bool canCutBack = true) : base(nameof(ToyEncoderDecoder))
    {
        (_config, _canCutBack) = (config ?? new ToyConfig(), canCutBack);
        RandomStream random = new(seed);
        embedding = Drawn([_config.VocabularySize, _config.Width], 1.5);
        sourceWeight = Drawn([_config.Width, _config.Width], 1);
        recurrentWeight = Drawn([_config.Width, _config.Width], 0.5);
        RegisterComponents();
        eval();

        Parameter Drawn(long[] shape, double deviation)
        {
            float[] values = new float[shape[0] * shape[1]];
            random.FillNormal(values, 0, deviation);
            return nn.Parameter(tensor(values, shape));
        }
    }

    public override ModelConfig Config => _config;

    public override int DecoderStart => 1;

    public override IReadOnlyList<WeightName> WeightNames => [];

    /// <summary>How many texts were read by the encoder.</summary>
    public int Encoded { get; private set; }

    /// <summary>Whether any was read in training mode.</summary>
    public bool EncodedInTraining { get; private set; }

    protected override Tensor EncodeTokens(Tensor tokens, Tensor? mask, ICollection<Tensor>? hiddenStates)
    {
        Encoded += (int)tokens.size(0);
        EncodedInTraining |= training;
        return embedding[tokens].matmul(sourceWeight).tanh();   // [batch, source, width]
    }

    protected override Tensor DecodeTokens(Tensor tokens, Tensor memory, Tensor? memoryMask, DecoderCache? cache, Tensor? mask, ICollection<Tensor>? hiddenStates)
    {
        StateCache states = (StateCache?)cache ?? new StateCache(tokens.size(0), long.MaxValue, true);
        if (states.Source is null)
        {
            Tensor weights = (memoryMask ?? ones([memory.size(0), memory.size(1)], dtype: ScalarType.Bool)).to(ScalarType.Float32).unsqueeze(-1);
            states.Source = ((memory * weights).sum(1) / weights.sum(1)).DetachFromDisposeScope();   // [batch, width]
        }
        List<Tensor> added = [];
        for (int i = 0; i < tokens.size(1); i++)
        {
            Tensor state = embedding[tokens.select(1, i)] + states.Source;
            if (states.States.Count > 0) state = state + states.States[^1].matmul(recurrentWeight);
            states.States.Add(state.tanh().DetachFromDisposeScope());
            added.Add(states.States[^1]);
        }
        Tensor hidden = stack(added, 1);
        if (cache is null) states.Dispose();
        return hidden;
    }

    public override Tensor Logits(Tensor hidden) => hidden.matmul(embedding.t());

    public override DecoderCache CreateCache(long batch, long capacity) => new StateCache(batch, capacity, _canCutBack);

    public override Tensor ReadTexts(Tensor tokens, Tensor? mask = null, Tensor? segments = null, ICollection<Tensor>? hiddenStates = null) => Encode(tokens, mask, hiddenStates);

    public override string? CanonicalName(string file) => null;

    public override void Initialize(RandomStream random) => throw new NotSupportedException();

    private sealed class StateCache(long batch, long capacity, bool canCutBack) : DecoderCache
    {
        private long _batch = batch;

        public List<Tensor> States { get; } = [];

        public Tensor? Source { get; set; }

        public override long Batch => _batch;

        public override long Capacity => capacity;

        public override long Length => States.Count;

        public override bool CanCutBack => canCutBack;

        public override void Keep(IReadOnlyList<int> rows)
        {
            using Tensor index = tensor(rows.Select(row => (long)row).ToArray());
            for (int i = 0; i < States.Count; i++) States[i] = Kept(States[i]);
            if (Source is not null) Source = Kept(Source);
            _batch = rows.Count;

            Tensor Kept(Tensor all)
            {
                using Tensor old = all;
                return all.index_select(0, index).DetachFromDisposeScope();
            }
        }

        public override void CutBack(long length)
        {
            if (!canCutBack) throw new NotSupportedException();
            while (States.Count > length)
            {
                States[^1].Dispose();
                States.RemoveAt(States.Count - 1);
            }
        }

        public override void Clear()
        {
            foreach (Tensor state in States) state.Dispose();
            States.Clear();
            Source?.Dispose();
            Source = null;
        }

        public override void Dispose() => Clear();
    }

    internal sealed record ToyConfig : ModelConfig
    {
        public override string Family => "toy";

        public override int VocabularySize { get; init; } = 16;

        public override int MaximumLength { get; init; } = 12;

        public override int Width { get; init; } = 8;

        internal override long StoredLayers => 0;

        internal override double MatrixNumbers => 0;

        public override ModelActivations Activations(ActivationShape shape) => throw new NotSupportedException();

        public override void Validate()
        {
        }

        public override JsonObject ToJson(ModelHead head) => [];

        public override BackboneModel CreateBackbone(Device? device = null, ScalarType dtype = ScalarType.Float32) => new ToyEncoderDecoder(this);
    }
}
