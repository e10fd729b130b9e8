using System.Runtime.InteropServices;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>
/// A batch of rows that grow token by token. Contexts are padded on the left, so that all rows end at the same column; keys and values are cached.
/// A row that has ended leaves the batch. What a row becomes does not depend on the others.
/// </summary>
/// <remarks>
/// Where prompt and new tokens together exceed the model's positions, first tokens of the prompt are dropped until they fit, but half of the positions
/// stay the prompt's. When a row's positions run out all the same, the older half of its context is forgotten and the newer half read anew.
/// </remarks>
internal sealed class DecodingSession : IDisposable
{
    private readonly DecoderModel _model;
    private readonly LogitsPipeline _pipeline;
    private readonly int _maximumNewTokens;
    private readonly int _vocabulary;
    private readonly int[] _endTokens;
    private readonly DecoderCache _cache;
    private readonly bool _wasTraining;
    private DecodingRow[] _growing;

    /// <param name="model">The model.</param>
    /// <param name="vocabulary">Only tokens below this are chosen: a model may have more than its tokenizer.</param>
    /// <param name="prompts">At least one, of at least one token each.</param>
    /// <param name="options">Stop strings are not looked at.</param>
    public DecodingSession(DecoderModel model, int vocabulary, IReadOnlyList<IReadOnlyList<int>> prompts, GenerationOptions options)
    {
        Require.NotNull(options).Validate();
        (_model, _vocabulary, _maximumNewTokens) = (model, vocabulary, options.MaxNewTokens);
        _endTokens = [.. options.EndTokens ?? model.Config.EndOfText];
        RequireKnown(_endTokens, "The end tokens have");
        _pipeline = new LogitsPipeline(options, _endTokens);

        int positions = model.Config.MaximumLength;
        // The last new token is never read, so it needs no position.
        int limit = Math.Max(positions - _maximumNewTokens + 1, positions - (positions / 2));
        Rows = _growing = [.. prompts.Select((prompt, i) =>
        {
            Require.Argument(prompt.Count > 0, $"Every prompt must have at least one token; prompt {i} is empty.", nameof(prompts));
            RequireKnown(prompt, $"Prompt {i} has");
            return new DecodingRow(prompt, Math.Max(0, prompt.Count - limit), RandomOf(prompt, options.Seed));
        })];
        _cache = model.CreateCache(Rows.Count, Math.Min((long)Rows.Max(row => row.PromptLength) + _maximumNewTokens - 1, positions));
        _wasTraining = model.training;
        if (_wasTraining) model.eval();
    }

    /// <summary>The rows, in the order of the prompts.</summary>
    public IReadOnlyList<DecodingRow> Rows { get; }

    /// <summary>Whether any row still grows.</summary>
    public bool IsRunning => _growing.Any(row => row.Reason is null);

    /// <summary>Adds one token to every row that still grows.</summary>
    public void Step()
    {
        DropEndedRows();
        float[] scores = Read();   // [growing rows, vocabulary]
        int stride = scores.Length / _growing.Length;
        for (int i = 0; i < _growing.Length; i++)
        {
            DecodingRow row = _growing[i];
            int token = _pipeline.Choose(row.Tokens, row.PromptLength, scores.AsSpan(i * stride, _vocabulary), row.Random);
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

    private void DropEndedRows()
    {
        int[] kept = [.. Enumerable.Range(0, _growing.Length).Where(i => _growing[i].Reason is null)];
        if (kept.Length == _growing.Length) return;
        _cache.Keep(kept);
        _growing = [.. kept.Select(i => _growing[i])];
    }

    /// <summary>Lets the model read the tokens that it has not read yet, and gives the scores after the last ones.</summary>
    private float[] Read()
    {
        MakeRoom();
        int columns = _cache.Length == 0 ? _growing.Max(row => row.Context.Length) : (int)_cache.Length + 1;
        int firstNew = (int)_cache.Length;
        long[] tokens = new long[_growing.Length * (columns - firstNew)];
        bool[] mask = new bool[_growing.Length * columns];
        for (int i = 0; i < _growing.Length; i++)
        {
            ReadOnlySpan<int> context = _growing[i].Context;
            int padding = columns - context.Length;
            // Where padding stands any token will do: nothing looks at it.
            for (int column = Math.Max(padding, firstNew); column < columns; column++) tokens[(i * (columns - firstNew)) + column - firstNew] = context[column - padding];
            mask.AsSpan((i * columns) + padding, context.Length).Fill(true);
        }

        using IDisposable withoutGradients = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor? maskTensor = mask.Contains(false) ? tensor(mask, [_growing.Length, columns], device: _model.Device) : null;
        Tensor hidden = _model.Forward(tensor(tokens, [_growing.Length, columns - firstNew], device: _model.Device), maskTensor, _cache);   // [rows, new columns, width]
        Tensor logits = _model.Logits(hidden.select(1, -1)).to(ScalarType.Float32).cpu().contiguous();                                      // [rows, vocabulary]
        return MemoryMarshal.Cast<byte, float>(logits.bytes).ToArray();
    }

    /// <summary>Makes sure that one more column fits. Where it does not, the contexts are aligned and read anew.</summary>
    private void MakeRoom()
    {
        int positions = _model.Config.MaximumLength;
        bool anew = _cache.Length + 1 > _cache.Capacity;
        foreach (DecodingRow row in _growing)
        {
            if (row.Context.Length <= positions) continue;
            row.Forget(Math.Max(1, positions / 2));
            anew = true;
        }
        if (anew) _cache.Clear();
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
        foreach (int token in tokens)
        {
            Require.Argument(token >= 0 && token < _vocabulary, $"Tokens 0 to {_vocabulary - 1} are known. {where} {token}. Tokenizer and model do not belong together.");
        }
    }
}
