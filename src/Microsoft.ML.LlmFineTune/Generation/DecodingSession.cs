using System.Runtime.InteropServices;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>
/// A batch of rows that grow token by token. Prompts are padded on the left, so that all rows end at the same column; keys and values are cached.
/// </summary>
/// <remarks>
/// Where prompt and new tokens together exceed the model's positions, first tokens of the prompt are dropped until they fit, but half of the positions
/// stay the prompt's. When the positions run out all the same, the older half of the context is forgotten and the newer half read anew.
/// </remarks>
internal sealed class DecodingSession : IDisposable
{
    private readonly DecoderModel _model;
    private readonly LogitsPipeline _pipeline;
    private readonly int _maximumNewTokens;
    private readonly int[] _endTokens;
    private readonly int _padding;
    private readonly KvCache _cache;
    private readonly bool _wasTraining;
    private int _firstColumn;   // of the context: earlier ones are forgotten

    public DecodingSession(DecoderModel model, IReadOnlyList<IReadOnlyList<int>> prompts, GenerationOptions options)
    {
        Require.NotNull(options).Validate();
        (_model, _maximumNewTokens, _padding) = (model, options.MaxNewTokens, model.Config.Padding ?? 0);
        _endTokens = [.. options.EndTokens ?? model.Config.EndOfText];
        RequireKnown(_endTokens, "The end tokens have");
        _pipeline = new LogitsPipeline(options, _endTokens);

        int positions = model.Config.MaximumLength;
        // The last new token is never read, so it needs no position.
        int limit = Math.Max(positions - _maximumNewTokens + 1, positions - (positions / 2));
        int width = Math.Min(prompts.Max(prompt => prompt.Count), limit);
        Rows = [.. prompts.Select((prompt, i) =>
        {
            Require.Argument(prompt.Count > 0, $"Every prompt must have at least one token; prompt {i} is empty.", nameof(prompts));
            RequireKnown(prompt, $"Prompt {i} has");
            return new DecodingRow(prompt, Math.Max(0, prompt.Count - limit), width, _padding, RandomOf(prompt, options.Seed));
        })];
        _cache = model.CreateCache(Rows.Count, Math.Min(width + _maximumNewTokens - 1, positions));
        _wasTraining = model.training;
        if (_wasTraining) model.eval();
    }

    /// <summary>The rows, in the order of the prompts.</summary>
    public IReadOnlyList<DecodingRow> Rows { get; }

    /// <summary>Whether any row still grows.</summary>
    public bool IsRunning => Rows.Any(row => row.Reason is null);

    /// <summary>Adds one token to every row that still grows.</summary>
    public void Step()
    {
        float[] scores = ReadColumns();   // [rows, vocabulary]
        int vocabulary = scores.Length / Rows.Count;
        for (int i = 0; i < Rows.Count; i++)
        {
            DecodingRow row = Rows[i];
            if (row.Reason is not null)
            {
                row.Fill(_padding);
                continue;
            }
            int token = _pipeline.Choose(row.Tokens, row.PromptLength, scores.AsSpan(i * vocabulary, vocabulary), row.Random);
            row.Add(token);
            if (_endTokens.Contains(token)) row.Finish(FinishReason.EndToken);
            else if (row.NewTokens.Length >= _maximumNewTokens) row.Finish(FinishReason.Length);
        }
    }

    public void Dispose()
    {
        _cache.Dispose();
        if (_wasTraining) _model.train();
    }

    /// <summary>Lets the model read the columns that it has not read yet, and gives the scores after the last one.</summary>
    private float[] ReadColumns()
    {
        using IDisposable withoutGradients = no_grad();
        using IDisposable scope = NewDisposeScope();
        int columns = Rows[0].Columns.Length;
        if (columns - _firstColumn > _cache.Capacity)
        {
            _cache.Clear();
            _firstColumn = columns - Math.Max(1, _model.Config.MaximumLength / 2);
        }
        int firstNew = _firstColumn + (int)_cache.Length;
        long[] tokens = [.. Rows.SelectMany(row => row.Columns[firstNew..].ToArray()).Select(token => (long)token)];
        Tensor hidden = _model.Forward(tensor(tokens, [Rows.Count, columns - firstNew], device: _model.Device), Mask(columns), _cache);   // [rows, new columns, width]
        Tensor logits = _model.Logits(hidden.select(1, -1)).to(ScalarType.Float32).cpu().contiguous();                                    // [rows, vocabulary]
        return MemoryMarshal.Cast<byte, float>(logits.bytes).ToArray();
    }

    /// <summary>[rows, columns of the context], false for padding; null when there is none.</summary>
    private Tensor? Mask(int columns)
    {
        if (Rows.All(row => row.LeftPadding <= _firstColumn)) return null;
        bool[] mask = [.. Rows.SelectMany(row => Enumerable.Range(_firstColumn, columns - _firstColumn).Select(column => column >= row.LeftPadding))];
        return tensor(mask, [Rows.Count, columns - _firstColumn], device: _model.Device);
    }

    /// <summary>A stream that depends on the seed and the prompt alone, so that a row's text does not depend on what stands beside it.</summary>
    private static RandomStream RandomOf(IReadOnlyList<int> prompt, long seed)
    {
        ulong key = new RandomStreams(seed).Sampling.Key;
        foreach (int token in prompt) key = RandomStream.Derive(key, (ulong)token);
        return new RandomStream(key);
    }

    private void RequireKnown(IReadOnlyList<int> tokens, string where)
    {
        int vocabulary = _model.Config.VocabularySize;
        foreach (int token in tokens)
        {
            Require.Argument(token >= 0 && token < vocabulary, $"The model knows tokens 0 to {vocabulary - 1}. {where} {token}. Tokenizer and model do not belong together.");
        }
    }
}
