using System.Numerics;
using Microsoft.ML.Data;
using Microsoft.ML.Internal.Utilities;

namespace Microsoft.ML.Transforms;

/// <summary>Watches a column's slots while the rows go by, and makes the column's function of what it saw.</summary>
internal abstract class SlotStatistics
{
    public static SlotStatistics Create(DataViewRow row, DataViewSchema.Column column)
        => column.Type.GetItemType() == NumberDataViewType.Single ? new SlotStatistics<float>(row, column) : new SlotStatistics<double>(row, column);

    public abstract void Add();

    public abstract ColumnFunction Finish(NormalizationOptions options);
}

internal sealed class SlotStatistics<T> : SlotStatistics
    where T : IFloatingPointIeee754<T>, IMinMaxValue<T>
{
    private readonly ValueGetter<VBuffer<T>> _getter;
    private readonly T[] _min;
    private readonly T[] _max;
    private readonly double[] _mean;
    private readonly double[] _squares;
    private readonly long[] _finite;
    private VBuffer<T> _values;

    public SlotStatistics(DataViewRow row, DataViewSchema.Column column)
    {
        int slots = column.Type.GetValueCount();
        _getter = VectorGetter(row, column);
        _min = Enumerable.Repeat(T.PositiveInfinity, slots).ToArray();
        _max = Enumerable.Repeat(T.NegativeInfinity, slots).ToArray();
        _mean = new double[slots];
        _squares = new double[slots];
        _finite = new long[slots];
    }

    public override void Add()
    {
        _getter(ref _values);
        foreach (var (slot, value) in _values.Items(all: true))
        {
            // NaN is neither smaller nor larger.
            if (value < _min[slot])
                _min[slot] = value;
            if (value > _max[slot])
                _max[slot] = value;
            if (!T.IsFinite(value))
                continue;
            // Welford's running mean and sum of squared distances from it.
            double number = double.CreateChecked(value), distance = number - _mean[slot];
            _mean[slot] += distance / ++_finite[slot];
            _squares[slot] += distance * (number - _mean[slot]);
        }
    }

    public override ColumnFunction Finish(NormalizationOptions options)
    {
        int slots = _min.Length;
        T[] scale = new T[slots], offset = new T[slots];
        for (int i = 0; i < slots; i++)
        {
            double variance = _finite[i] == 0 ? 0 : _squares[i] / _finite[i];
            if (options.Cdf)
                (offset[i], scale[i]) = (T.CreateTruncating(_mean[i]), T.CreateTruncating(Math.Sqrt(variance)));
            else
                (offset[i], scale[i]) = options.Range ? OfRange(_min[i], _max[i], options.FixZero) : OfVariance(_mean[i], variance, options.FixZero);
        }
        return options.Cdf ? new CdfFunction<T>(offset, scale) : new AffineFunction<T>(scale, offset);
    }

    /// <summary>A slot without two values becomes 0.</summary>
    private static (T Offset, T Scale) OfRange(T min, T max, bool fixZero)
    {
        if (!(max > min))
            return (T.Zero, T.Zero);
        return fixZero ? (T.Zero, T.One / T.Max(T.Abs(max), T.Abs(min))) : (min, T.One / (max - min));
    }

    private static (T Offset, T Scale) OfVariance(double mean, double variance, bool fixZero)
    {
        if (variance == 0)
            return (T.Zero, T.Zero);
        return fixZero
            ? (T.Zero, T.One / T.CreateTruncating(Math.Sqrt(variance + mean * mean)))
            : (T.CreateTruncating(mean), T.One / T.CreateTruncating(Math.Sqrt(variance)));
    }

    /// <summary>The column's vectors; a scalar is a vector of one slot.</summary>
    public static ValueGetter<VBuffer<T>> VectorGetter(DataViewRow row, DataViewSchema.Column column)
        => column.Type is VectorDataViewType ? row.GetGetter<VBuffer<T>>(column) : OfScalar(row.GetGetter<T>(column));

    private static ValueGetter<VBuffer<T>> OfScalar(ValueGetter<T> scalar) => (ref VBuffer<T> value) =>
    {
        var editor = VBufferEditor.Create(ref value, 1);
        scalar(ref editor.Values[0]);
        value = editor.Commit();
    };
}
