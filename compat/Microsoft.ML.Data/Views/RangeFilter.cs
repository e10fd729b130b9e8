using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Keeps the rows whose value is inside, or outside, an interval. Of a key, its place among all keys counts, from 0 to 1. Missing values are never kept.</summary>
internal sealed class RangeFilter : RowPredicateFilter
{
    private readonly DataViewSchema.Column _column;
    private readonly double _min;
    private readonly double _max;
    private readonly bool _includeMax;
    private readonly bool _complement;

    public RangeFilter(IHostEnvironment env, IDataView input, string column, double min, double max, bool includeMax, bool complement = false) : base(env, nameof(RangeFilter), input)
    {
        _column = input.Schema[column];
        Host.CheckUserArg(CanFilter(_column.Type), "Column", $"Column '{column}' does not have compatible type");
        Host.CheckUserArg(min <= max, "Min", "min must be less than or equal to max");
        _min = min;
        _max = max;
        _includeMax = includeMax;
        _complement = complement;
    }

    public static bool CanFilter(DataViewType type) => type == NumberDataViewType.Single || type == NumberDataViewType.Double || type is KeyDataViewType;

    protected override IEnumerable<DataViewSchema.Column> TestedColumns => [_column];

    protected override Func<bool> CreateTest(DataViewRow row)
    {
        var read = _column.Type is KeyDataViewType key ? Utils.MarshalInvoke(KeyFraction<int>, key.RawType, row) : Number(row);
        return () => IsKept(read());
    }

    // A value that is no number is neither inside nor outside.
    private bool IsKept(double value)
    {
        bool below = value < _min, above = _includeMax ? value > _max : value >= _max;
        return _complement ? below || above : !below && !above && !double.IsNaN(value);
    }

    private Func<double> Number(DataViewRow row)
    {
        if (_column.Type == NumberDataViewType.Double)
        {
            var getter = row.GetGetter<double>(_column);
            return () => Read(getter);
        }
        var single = row.GetGetter<float>(_column);
        return () => Read(single);
    }

    private Func<double> KeyFraction<T>(DataViewRow row)
    {
        var getter = row.GetGetter<T>(_column);
        ulong count = ((KeyDataViewType)_column.Type).Count;
        return () =>
        {
            ulong key = Convert.ToUInt64(Read(getter), System.Globalization.CultureInfo.InvariantCulture);
            return 0 < key && key <= count ? (key - 0.5) / count : double.NaN;
        };
    }

    private static T Read<T>(ValueGetter<T> getter)
    {
        T value = default;
        getter(ref value);
        return value;
    }
}
