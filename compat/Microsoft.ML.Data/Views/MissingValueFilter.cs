using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Keeps the rows without a missing value (NaN, or a missing key) in some columns.</summary>
internal sealed class MissingValueFilter : RowPredicateFilter
{
    private readonly DataViewSchema.Column[] _columns;

    public MissingValueFilter(IHostEnvironment env, IDataView input, string[] columns) : base(env, nameof(MissingValueFilter), input)
    {
        _columns = Array.ConvertAll(columns, name => input.Schema.GetColumnOrNull(name) ?? throw Host.ExceptUserArg("Columns", $"Source column '{name}' not found"));
        for (int i = 0; i < columns.Length; i++)
        {
            Host.CheckUserArg(Array.IndexOf(columns, columns[i]) == i, "Columns", $"Source column '{columns[i]}' specified multiple times");
            var itemType = _columns[i].Type.GetItemType();
            Host.CheckUserArg(itemType == NumberDataViewType.Single || itemType == NumberDataViewType.Double || itemType is KeyDataViewType, "Columns",
                $"Column '{columns[i]}' has type {_columns[i].Type} which does not support missing values, so we cannot filter on them");
        }
    }

    protected override IEnumerable<DataViewSchema.Column> TestedColumns => _columns;

    protected override Func<bool> CreateTest(DataViewRow row)
    {
        var tests = Array.ConvertAll(_columns, column => column.Type is VectorDataViewType vector
            ? Utils.MarshalInvoke(VectorTest<int>, vector.ItemType.RawType, row, column)
            : Utils.MarshalInvoke(ScalarTest<int>, column.Type.RawType, row, column));
        return () => Array.TrueForAll(tests, test => test());
    }

    private static Func<bool> ScalarTest<T>(DataViewRow row, DataViewSchema.Column column)
    {
        var getter = row.GetGetter<T>(column);
        T value = default;
        return () =>
        {
            getter(ref value);
            return !IsMissing(value);
        };
    }

    private static Func<bool> VectorTest<T>(DataViewRow row, DataViewSchema.Column column)
    {
        var getter = row.GetGetter<VBuffer<T>>(column);
        bool isKey = column.Type.GetItemType() is KeyDataViewType;
        VBuffer<T> value = default;
        return () =>
        {
            getter(ref value);
            // What a sparse vector of keys leaves out is missing.
            if (isKey && !value.IsDense)
                return false;
            foreach (var item in value.GetValues())
                if (IsMissing(item))
                    return false;
            return true;
        };
    }

    private static bool IsMissing<T>(T value) => value switch
    {
        float number => float.IsNaN(number),
        double number => double.IsNaN(number),
        _ => EqualityComparer<T>.Default.Equals(value, default),
    };
}
