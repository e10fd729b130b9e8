using System.Runtime.InteropServices;
using Microsoft.ML.LlmFineTune.Layers;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Generation.Strategies;

/// <summary>
/// Rows in front of a model that remembers what it has read of them. Contexts are padded on the left, so that all rows end at the same column. What a row's scores are does not
/// depend on the others.
/// </summary>
internal abstract class DecodingBatch : IDisposable
{
    private readonly int _positions;
    private readonly bool _useCache;
    private readonly Device _device;
    private readonly int? _rereadLength;

    /// <param name="cache">What the model remembers; the batch becomes its owner.</param>
    /// <param name="positions">Positions that the model knows.</param>
    /// <param name="useCache">Whether anything is remembered from one reading to the next.</param>
    /// <param name="device">Where the model is.</param>
    /// <param name="rereadLength">Beyond this many tokens of the longest row nothing counts that was read before; null: there is no such border.</param>
    protected DecodingBatch(DecoderCache cache, int positions, bool useCache, Device device, int? rereadLength = null)
    {
        Cache = cache;
        (_positions, _useCache, _device, _rereadLength) = (positions, useCache, device, rereadLength);
    }

    /// <summary>Columns that the model remembers.</summary>
    public int Length => (int)Cache.Length;

    /// <summary>What the model remembers.</summary>
    protected DecoderCache Cache { get; }

    /// <summary>
    /// Lets the model read what it has not read yet. When a row's positions have run out, the older half of its context is forgotten, and when columns do not fit any more, the contexts
    /// are aligned and read anew. So they are where a model reads long texts otherwise than short ones.
    /// </summary>
    /// <param name="rows">As many as the batch has, in its order.</param>
    /// <param name="added">Last tokens of every row that the model does not know yet; whatever it is, nothing is known at first.</param>
    /// <param name="scored">Last positions that are scored; at most <paramref name="added"/>.</param>
    /// <param name="withHidden">Whether hidden states are given.</param>
    public Readout Read(IReadOnlyList<DecodingRow> rows, int added = 1, int scored = 1, bool withHidden = false)
    {
        Fit(rows, added);
        int first = Length;
        int columns = first == 0 ? rows.Max(row => row.Context.Length) : first + added;
        int read = columns - first;
        long[] tokens = new long[rows.Count * read];
        bool[] mask = new bool[rows.Count * columns];
        for (int i = 0; i < rows.Count; i++)
        {
            ReadOnlySpan<int> context = rows[i].Context;
            int padding = columns - context.Length;
            // Where padding stands any token will do: nothing looks at it.
            for (int column = Math.Max(padding, first); column < columns; column++) tokens[(i * read) + column - first] = context[column - padding];
            mask.AsSpan((i * columns) + padding, context.Length).Fill(true);
        }

        using IDisposable withoutGradients = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor? maskTensor = mask.Contains(false) ? tensor(mask, [rows.Count, columns], device: _device) : null;
        Tensor hidden = Forward(tensor(tokens, [rows.Count, read], device: _device), maskTensor);   // [rows, read, width]
        Tensor logits = Logits(hidden.narrow(1, read - scored, scored));                            // [rows, scored, vocabulary]
        return new Readout(Numbers(logits), (int)logits.size(2), withHidden ? Numbers(hidden) : null, read);
    }

    /// <summary>Makes sure that columns fit, and that no context has more tokens than the model has positions.</summary>
    public void Fit(IReadOnlyList<DecodingRow> rows, int added = 1)
    {
        bool anew = !_useCache || Cache.Length + added > Cache.Capacity;
        foreach (DecodingRow row in rows)
        {
            if (row.Context.Length <= _positions) continue;
            row.Forget(Math.Max(1, _positions / 2));
            anew = true;
        }
        if (_rereadLength is int border)
        {
            int longest = rows.Max(row => row.Context.Length);
            anew |= longest > border && longest - added <= border;
        }
        if (anew) Cache.Clear();
    }

    /// <summary>Keeps rows in the order given; one may be kept several times, the others are gone.</summary>
    public void Keep(IReadOnlyList<int> rows)
    {
        if (rows.Count == Cache.Batch && rows.Select((row, i) => row == i).All(same => same)) return;
        KeepRows(rows);
    }

    /// <summary>Forgets everything.</summary>
    public void Clear() => Cache.Clear();

    /// <summary>Whether columns can be forgotten: a recurrent state cannot go back.</summary>
    public bool CanCutBack => Cache.CanCutBack;

    /// <summary>Forgets all columns but the first.</summary>
    public void CutBack(int length)
    {
        if (length < Length) Cache.CutBack(length);
    }

    public virtual void Dispose() => Cache.Dispose();

    /// <summary>Reads new columns.</summary>
    /// <param name="tokens">[rows, new columns] int64.</param>
    /// <param name="mask">[rows, all columns] bool, false for padding; null when nothing is padded.</param>
    /// <returns>[rows, new columns, width].</returns>
    protected abstract Tensor Forward(Tensor tokens, Tensor? mask);

    /// <summary>[.., width] to [.., vocabulary].</summary>
    protected abstract Tensor Logits(Tensor hidden);

    /// <summary>Keeps rows of everything that is remembered.</summary>
    protected virtual void KeepRows(IReadOnlyList<int> rows) => Cache.Keep(rows);

    private static float[] Numbers(Tensor values) => MemoryMarshal.Cast<byte, float>(values.to(ScalarType.Float32).cpu().contiguous().bytes).ToArray();
}
