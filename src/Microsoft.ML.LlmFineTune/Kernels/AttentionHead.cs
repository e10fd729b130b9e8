using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>
/// One head of attention, causal or to both sides. Sixteen queries at a time meet the keys that they may see (causal ones: up to the last of them, so that half
/// the square is never computed), and the scratch memory grows with the length only.
/// </summary>
internal readonly unsafe struct AttentionHead
{
    private const int Block = 16;

    [ThreadStatic]
    private static float[]? s_scratch;

    private readonly int _sequence, _headSize, _inputStride, _outputStride, _columns;
    private readonly float _scale;
    private readonly float* _keys, _values, _weights, _slopes;

    /// <summary>Prepares for heads of one shape in this thread.</summary>
    /// <param name="sequence">Positions.</param>
    /// <param name="headSize">Numbers a position: a multiple of the vector width.</param>
    /// <param name="inputStride">Distance of two positions in queries, keys and values.</param>
    /// <param name="outputStride">Distance of two positions in the result.</param>
    public AttentionHead(int sequence, int headSize, int inputStride, int outputStride)
    {
        (_sequence, _headSize, _inputStride, _outputStride) = (sequence, headSize, inputStride, outputStride);
        _scale = (float)(1 / Math.Sqrt(headSize));
        _columns = (sequence + Block - 1) / Block * Block;
        int needed = _columns * ((2 * headSize) + (2 * Block)) + Block;
        if (s_scratch is null || s_scratch.Length < needed) s_scratch = GC.AllocateUninitializedArray<float>(needed, pinned: true);
        // Whole vectors start at multiples of 64 bytes.
        float* start = (float*)(((nint)Marshal.UnsafeAddrOfPinnedArrayElement(s_scratch, 0) + 63) & ~63);
        _keys = start;
        _values = _keys + (headSize * _columns);
        _weights = _values + (headSize * _columns);
        _slopes = _weights + (Block * _columns);
    }

    /// <summary>Attends causally; <paramref name="logSums"/> [sequence] becomes the logarithm of each query's sum of e^score.</summary>
    public void Forward(float* query, float* key, float* value, float* output, float* logSums)
    {
        float* scales = stackalloc float[Block];
        Transpose(key, _inputStride, _keys);
        for (int first = 0; first < _sequence; first += Block)
        {
            int rows = Math.Min(Block, _sequence - first), columns = first + Block;
            SmallProducts.Multiply(query + ((nint)first * _inputStride), _inputStride, 1, _keys, _columns, _weights, _columns, rows, _headSize, columns, add: false);
            for (int row = 0; row < rows; row++) (scales[row], logSums[first + row]) = Softmax(_weights + (row * _columns), first + row);
            float* target = output + ((nint)first * _outputStride);
            SmallProducts.Multiply(_weights, _columns, 1, value, _inputStride, target, _outputStride, rows, first + rows, _headSize, add: false);
            for (int row = 0; row < rows; row++)
            {
                float* result = target + ((nint)row * _outputStride);
                for (int i = 0; i < _headSize; i += Vector512<float>.Count) (Vector512.Load(result + i) * scales[row]).Store(result + i);
            }
        }
    }

    /// <summary>Attends to both sides: every query sees every position.</summary>
    public void ForwardBothSides(float* query, float* key, float* value, float* output)
    {
        float* scales = stackalloc float[Block];
        Transpose(key, _inputStride, _keys);
        for (int first = 0; first < _sequence; first += Block)
        {
            int rows = Math.Min(Block, _sequence - first);
            SmallProducts.Multiply(query + ((nint)first * _inputStride), _inputStride, 1, _keys, _columns, _weights, _columns, rows, _headSize, _columns, add: false);
            for (int row = 0; row < rows; row++) scales[row] = Softmax(_weights + (row * _columns), _sequence - 1).Scale;
            float* target = output + ((nint)first * _outputStride);
            SmallProducts.Multiply(_weights, _columns, 1, value, _inputStride, target, _outputStride, rows, _sequence, _headSize, add: false);
            for (int row = 0; row < rows; row++)
            {
                float* result = target + ((nint)row * _outputStride);
                for (int i = 0; i < _headSize; i += Vector512<float>.Count) (Vector512.Load(result + i) * scales[row]).Store(result + i);
            }
        }
    }

    /// <summary>Gradients of the three; the memory they are written to may hold anything.</summary>
    public void Backward(float* query, float* key, float* value, float* above, float* logSums, float* queryGradient, float* keyGradient, float* valueGradient)
    {
        Transpose(key, _inputStride, _keys);
        Transpose(value, _inputStride, _values);
        for (int first = 0; first < _sequence; first += Block)
        {
            int rows = Math.Min(Block, _sequence - first), columns = first + Block, keys = first + rows;
            float* queries = query + ((nint)first * _inputStride), gradients = above + ((nint)first * _outputStride);
            SmallProducts.Multiply(queries, _inputStride, 1, _keys, _columns, _weights, _columns, rows, _headSize, columns, add: false);
            SmallProducts.Multiply(gradients, _outputStride, 1, _values, _columns, _slopes, _columns, rows, _headSize, columns, add: false);
            for (int row = 0; row < rows; row++) SoftmaxGradient(_weights + (row * _columns), _slopes + (row * _columns), first + row, logSums[first + row]);
            Spread(_weights, gradients, _outputStride, valueGradient, first, rows);
            Spread(_slopes, queries, _inputStride, keyGradient, first, rows);
            SmallProducts.Multiply(_slopes, _columns, 1, key, _inputStride, queryGradient + ((nint)first * _inputStride), _inputStride, rows, keys, _headSize, add: false);
        }
    }

    // Adds to the rows that earlier blocks of queries have met, and writes those that only this one and later ones meet.
    private void Spread(float* weights, float* source, int sourceStride, float* target, int first, int rows)
    {
        SmallProducts.Multiply(weights, 1, _columns, source, sourceStride, target, _inputStride, first, rows, _headSize, add: true);
        SmallProducts.Multiply(weights + first, 1, _columns, source, sourceStride, target + ((nint)first * _inputStride), _inputStride, rows, rows, _headSize, add: false);
    }

    private void Transpose(float* source, int stride, float* target)
    {
        for (int position = 0; position < _sequence; position++)
        {
            float* from = source + ((nint)position * stride), to = target + position;
            for (int i = 0; i < _headSize; i++) to[(nint)i * _columns] = from[i];
        }
        for (int i = 0; i < _headSize && _columns > _sequence; i++) new Span<float>(target + ((nint)i * _columns) + _sequence, _columns - _sequence).Clear();
    }

    // Lanes of the last vector that a query may see.
    private static Vector512<float> Visible(int query) =>
        Vector512.LessThanOrEqual(Vector512<int>.Indices, Vector512.Create(query % Block)).AsSingle();

    /// <summary>Scores become e^(score - highest), 0 where the query may not look.</summary>
    /// <returns>1 / sum, and the logarithm of the sum of e^score.</returns>
    private (float Scale, float LogSum) Softmax(float* scores, int query)
    {
        int last = query / Block * Block;
        Vector512<float> visible = Visible(query);
        Vector512<float> ending = Vector512.ConditionalSelect(visible, Vector512.Load(scores + last), Vector512.Create(float.NegativeInfinity));
        Vector512<float> highs = ending;
        for (int i = 0; i < last; i += Block) highs = Vector512.Max(highs, Vector512.Load(scores + i));
        float highest = Highest(highs);

        Vector512<float> shift = Vector512.Create(-highest * _scale), scale = Vector512.Create(_scale), sums = Vector512<float>.Zero;
        for (int i = 0; i < last; i += Block)
        {
            Vector512<float> power = VectorMath.Exp(Vector512.MultiplyAddEstimate(Vector512.Load(scores + i), scale, shift));
            power.Store(scores + i);
            sums += power;
        }
        ending = Vector512.ConditionalSelect(visible, VectorMath.Exp(Vector512.MultiplyAddEstimate(Vector512.Load(scores + last), scale, shift)), Vector512<float>.Zero);
        ending.Store(scores + last);
        float sum = Vector512.Sum(sums + ending);
        return (1 / sum, (highest * _scale) + MathF.Log(sum));
    }

    /// <summary>Scores become weights, and slopes (gradients of the weights) become gradients of the unscaled scores.</summary>
    private void SoftmaxGradient(float* scores, float* slopes, int query, float logSum)
    {
        int last = query / Block * Block;
        Vector512<float> visible = Visible(query), scale = Vector512.Create(_scale), shift = Vector512.Create(-logSum), products = Vector512<float>.Zero;
        for (int i = 0; i <= last; i += Block)
        {
            Vector512<float> weight = VectorMath.Exp(Vector512.MultiplyAddEstimate(Vector512.Load(scores + i), scale, shift));
            if (i == last) weight = Vector512.ConditionalSelect(visible, weight, Vector512<float>.Zero);
            weight.Store(scores + i);
            products = Vector512.MultiplyAddEstimate(weight, Vector512.Load(slopes + i), products);
        }
        Vector512<float> mean = Vector512.Create(Vector512.Sum(products));
        for (int i = 0; i <= last; i += Block) (Vector512.Load(scores + i) * scale * (Vector512.Load(slopes + i) - mean)).Store(slopes + i);
    }

    private static float Highest(Vector512<float> values)
    {
        Vector256<float> half = Vector256.Max(values.GetLower(), values.GetUpper());
        Vector128<float> quarter = Vector128.Max(half.GetLower(), half.GetUpper());
        quarter = Vector128.Max(quarter, Vector128.Shuffle(quarter, Vector128.Create(2, 3, 0, 1)));
        return Vector128.Max(quarter, Vector128.Shuffle(quarter, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }
}
