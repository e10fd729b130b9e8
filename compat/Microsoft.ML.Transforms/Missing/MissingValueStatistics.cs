using System.Numerics;
using Microsoft.ML.Data;
using Microsoft.ML.Internal.Utilities;
using ReplacementMode = Microsoft.ML.Transforms.MissingValueReplacingEstimator.ReplacementMode;

namespace Microsoft.ML.Transforms;

/// <summary>Watches a column while the rows go by, and says what its missing values become.</summary>
internal abstract class MissingValueStatistics
{
    public static MissingValueStatistics Create(DataViewRow row, DataViewSchema.Column column, ReplacementMode mode, bool bySlot)
        => column.Type.GetItemType() == NumberDataViewType.Single
            ? new MissingValueStatistics<float>(row, column, mode, bySlot)
            : new MissingValueStatistics<double>(row, column, mode, bySlot);

    public abstract void Add();

    public abstract MissingValueReplacement Finish();
}

internal sealed class MissingValueStatistics<T> : MissingValueStatistics
    where T : IFloatingPointIeee754<T>, IMinMaxValue<T>
{
    private readonly ValueGetter<VBuffer<T>> _getter;
    private readonly ReplacementMode _mode;
    private readonly bool _bySlot;
    private readonly SlotTally[] _tallies;
    private VBuffer<T> _values;

    public MissingValueStatistics(DataViewRow row, DataViewSchema.Column column, ReplacementMode mode, bool bySlot)
    {
        _getter = SlotStatistics<T>.VectorGetter(row, column);
        _mode = mode;
        _bySlot = bySlot && column.Type.IsKnownSizeVector();
        _tallies = new SlotTally[_bySlot ? column.Type.GetValueCount() : 1];
        for (int i = 0; i < _tallies.Length; i++)
            _tallies[i] = new SlotTally();
    }

    public override void Add()
    {
        _getter(ref _values);
        foreach (var (slot, value) in _values.Items(all: true))
        {
            if (!T.IsNaN(value))
                _tallies[_bySlot ? slot : 0].Add(value, _mode);
        }
    }

    public override MissingValueReplacement Finish() => new MissingValueReplacement<T>(Array.ConvertAll(_tallies, tally => tally.Result(_mode)));

    private sealed class SlotTally
    {
        private readonly Dictionary<T, long> _counts = [];
        private double _sum;
        private long _count;
        private T _min = T.PositiveInfinity;
        private T _max = T.NegativeInfinity;
        private T _mode = T.Zero;
        private long _modeCount;

        public void Add(T value, ReplacementMode mode)
        {
            _count++;
            _sum += double.CreateChecked(value);
            if (value < _min)
                _min = value;
            if (value > _max)
                _max = value;
            if (mode != ReplacementMode.Mode)
                return;
            long count = _counts.GetValueOrDefault(value) + 1;
            _counts[value] = count;
            if (count > _modeCount)
                (_mode, _modeCount) = (value, count);
        }

        public T Result(ReplacementMode mode) => mode switch
        {
            ReplacementMode.Minimum => _min,
            ReplacementMode.Maximum => _max,
            ReplacementMode.Mode => _mode,
            _ => _count == 0 ? T.Zero : T.CreateTruncating(_sum / _count),
        };
    }
}
