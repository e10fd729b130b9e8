using Microsoft.ML.Data;
using Microsoft.ML.Internal.Utilities;

namespace Microsoft.ML.Transforms;

/// <summary>Collects the distinct values of a column, in the order of their first occurrence, up to a maximum.</summary>
internal abstract class TermMapBuilder
{
    public abstract int Count { get; }

    public static TermMapBuilder Create(DataViewRow row, DataViewSchema.Column column, int maximum, bool byValue)
    {
        var type = (PrimitiveDataViewType)column.Type.GetItemType();
        return Utils.MarshalInvoke(Create<int>, type.RawType, row, column, maximum, byValue);
    }

    /// <summary>Takes the terms of the current row; false when there is no room for another one.</summary>
    public abstract bool Add();

    public abstract TermMap Finish();

    private static TermMapBuilder Create<T>(DataViewRow row, DataViewSchema.Column column, int maximum, bool byValue) => new Of<T>(row, column, maximum, byValue);

    private sealed class Of<T> : TermMapBuilder
    {
        private readonly PrimitiveDataViewType _type;
        private readonly int _maximum;
        private readonly bool _byValue;
        private readonly ValueGetter<T> _scalar;
        private readonly ValueGetter<VBuffer<T>> _vector;
        private readonly HashSet<T> _seen = new(TermValues.Comparer<T>());
        private readonly List<T> _terms = [];
        private T _value;
        private VBuffer<T> _values;

        public Of(DataViewRow row, DataViewSchema.Column column, int maximum, bool byValue)
        {
            _type = (PrimitiveDataViewType)column.Type.GetItemType();
            _maximum = maximum;
            _byValue = byValue;
            if (column.Type is VectorDataViewType)
                _vector = row.GetGetter<VBuffer<T>>(column);
            else
                _scalar = row.GetGetter<T>(column);
        }

        public override int Count => _terms.Count;

        public override bool Add()
        {
            if (_vector == null)
            {
                _scalar(ref _value);
                return Add(_value);
            }
            _vector(ref _values);
            return _values.DenseValues().All(Add);
        }

        public override TermMap Finish()
        {
            if (_byValue)
                _terms.Sort(TermValues.Order<T>());
            return new TermMap<T>(_type, _terms);
        }

        private bool Add(T value)
        {
            if (_terms.Count < _maximum && !MissingValues.Is(value, _type) && _seen.Add(value))
                _terms.Add(TermValues.Keep(value));
            return _terms.Count < _maximum;
        }
    }
}
