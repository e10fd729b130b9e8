using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Embedding = Microsoft.ML.LlmFineTune.Layers.Embedding;

namespace Microsoft.ML.LlmFineTune.Models.Recurrent;

/// <summary>
/// The whole of a recurrent model but its head: words become vectors, layer after layer reads them. Dropout as in AWD-LSTM, in this order of draws: words, the first
/// layer's input, and for each layer its state matrices and what it hands on.
/// </summary>
internal sealed class RecurrentStack : nn.Module
{
    private readonly Embedding embedding;
    private readonly RecurrentConfig _config;
    private readonly RecurrentLayer[][] _layers;
    private readonly VariationalDropout _wordDropout;
    private readonly VariationalDropout _inputDropout;
    private readonly VariationalDropout _hiddenDropout;
    private readonly VariationalDropout _outputDropout;

    public RecurrentStack(RecurrentConfig config, ModelRandom random, Device? device, ScalarType dtype) : base(nameof(RecurrentStack))
    {
        _config = config;
        _wordDropout = new VariationalDropout(config.EmbeddingDropout, random);
        _inputDropout = new VariationalDropout(config.InputDropout, random);
        _hiddenDropout = new VariationalDropout(config.HiddenDropout, random);
        _outputDropout = new VariationalDropout(config.OutputDropout, random);
        Layers.Dropout weightDrop = new(config.WeightDrop, random);
        embedding = new Embedding(config.VocabularySize, config.EmbeddingWidth, device, dtype);
        _layers = new RecurrentLayer[config.Layers][];
        for (int layer = 0; layer < config.Layers; layer++)
        {
            _layers[layer] = new RecurrentLayer[config.Directions];
            for (int direction = 0; direction < config.Directions; direction++)
            {
                RecurrentLayer made = new(config.Cell, config.InputWidthOf(layer), config.WidthOf(layer), config.HasBias, reverse: direction == 1, weightDrop, device, dtype);
                _layers[layer][direction] = made;
                register_module(RecurrentWeightNames.Module(layer, direction), made);
            }
        }
        RegisterComponents();
    }

    /// <summary>[vocabulary, embeddingWidth].</summary>
    public Parameter Words => embedding.Weight;

    /// <summary>The state before the first token.</summary>
    public RecurrentState CreateState(long batch, Device device, ScalarType dtype) =>
        new([.. Enumerable.Range(0, _config.Layers * _config.Directions).Select(place => _config.WidthOf(place / _config.Directions))], Recurrence.HasMemory(_config.Cell), batch, device, dtype);

    /// <summary>Reads tokens from a state, which moves on to their end.</summary>
    /// <param name="tokens">[batch, sequence] int64.</param>
    /// <param name="state">What was read before.</param>
    /// <param name="mask">[batch, sequence] bool, false for padding, which changes nothing and whose hidden states are 0; null when nothing is padded.</param>
    /// <param name="hiddenStates">Receives what the first layer reads and what every layer gives; null: nobody wants them.</param>
    /// <returns>[batch, sequence, width] each: the last layer's states after and before dropout.</returns>
    public (Tensor Hidden, Tensor States) Read(Tensor tokens, RecurrentState state, Tensor? mask, ICollection<Tensor>? hiddenStates)
    {
        RequireFit(tokens, state, mask);
        // Steps first, rows second: a step's rows are neighbours in memory.
        Tensor input = _inputDropout.Apply(LookUp(tokens.t()), training);                                          // [sequence, batch, embeddingWidth]
        hiddenStates?.Add(input.transpose(0, 1));
        List<Tensor> hidden = [], memory = [];
        Tensor states = input;
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            if (layer > 0) input = _hiddenDropout.Apply(states, training);
            // What the gradient does not need is free for the next layer.
            using DisposeScope scope = NewDisposeScope();
            List<Tensor> directions = [];
            for (int direction = 0; direction < _layers[layer].Length; direction++)
            {
                int place = hidden.Count;
                (Tensor read, Tensor last, Tensor? lastMemory) = _layers[layer][direction].Read(input, state.Hidden[place], state.Memory.Count > 0 ? state.Memory[place] : null, mask);
                directions.Add(read);
                hidden.Add(last.MoveToOuterDisposeScope());
                if (lastMemory is not null) memory.Add(lastMemory.MoveToOuterDisposeScope());
            }
            states = (directions.Count == 1 ? directions[0] : cat(directions, -1)).MoveToOuterDisposeScope();      // [sequence, batch, directions * width]
            hiddenStates?.Add(states.transpose(0, 1).MoveToOuterDisposeScope());
        }
        state.Advance(hidden, memory, tokens.size(1));
        if (mask is not null) states = states * mask.t().unsqueeze(-1).to(states.dtype);
        return (_outputDropout.Apply(states, training).transpose(0, 1).contiguous(), states.transpose(0, 1));
    }

    /// <summary>
    /// Embedding evenly from -range to range, because with a tied decoder draws from torch's normal distribution of deviation 1 would begin with scores far apart and a loss far above
    /// guessing (AWD-LSTM does the same); the padding row 0; layers as torch's.
    /// </summary>
    public void Initialize(RandomStream random)
    {
        Initialization.Uniform(embedding.Weight, random, _config.InitializerRange);
        if (_config.PaddingIndex is int padding)
        {
            using IDisposable withoutGradients = no_grad();
            using Tensor row = embedding.Rows(padding, 1);
            row.zero_();
        }
        foreach (RecurrentLayer layer in _layers.SelectMany(directions => directions)) layer.Initialize(random);
    }

    /// <summary>[sequence, batch] to [sequence, batch, embeddingWidth].</summary>
    private Tensor LookUp(Tensor words)
    {
        Tensor rows = embedding.LookUpColumns(words);
        if (_config.PaddingIndex is int padding) rows = where(words.eq(padding).unsqueeze(-1), rows.detach(), rows);
        // Dropping rows of the table or the same words wherever they stand is one, and the latter does not touch the whole table.
        return _wordDropout.Mask(training, rows, _config.VocabularySize) is Tensor kept ? rows * kept.index_select(0, words.reshape(-1)).view(words.size(0), words.size(1), 1) : rows;
    }

    /// <summary>Throws where activations shall be computed again.</summary>
    public static void RefuseRecomputation(bool wanted)
    {
        if (wanted) throw new NotSupportedException("Recurrent models keep the states of all steps and do not compute activations again; received RecomputesActivations (RecomputeActivations of training) = true. Leave it false; shorter rows or RecurrentObjectiveOptions.PieceLength save memory.");
    }

    private static void RequireFit(Tensor tokens, RecurrentState state, Tensor? mask)
    {
        Require.NotNull(tokens);
        Require.Argument(tokens.dim() == 2 && tokens.dtype == ScalarType.Int64, $"tokens must be [batch, sequence] of Int64; received [{string.Join(", ", tokens.shape)}] of {tokens.dtype}.", nameof(tokens));
        (long batch, long sequence) = (tokens.size(0), tokens.size(1));
        Require.Argument(batch > 0 && sequence > 0, $"tokens must have at least one row and one column; received [{batch}, {sequence}].", nameof(tokens));
        Require.Argument(state.Batch == batch, $"The recurrent state has {state.Batch} rows; received {batch} rows of tokens.", nameof(state));
        if (mask is null) return;
        Require.Argument(mask.dim() == 2 && mask.dtype == ScalarType.Bool && mask.size(0) == batch && mask.size(1) == sequence,
            $"mask must be [{batch}, {sequence}] of Bool; received [{string.Join(", ", mask.shape)}] of {mask.dtype}.", nameof(mask));
    }
}
