using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

internal static class RowGetters
{
    public static ValueGetter<TValue> Get<TValue>(Delegate[] getters, DataViewSchema.Column column)
    {
        var getter = column.Index < getters.Length ? getters[column.Index] : null;
        Contracts.CheckParam(getter != null, nameof(column), "requested column not active");
        return getter as ValueGetter<TValue>
            ?? throw Contracts.Except($"Invalid TValue in GetGetter for column #{column}: '{typeof(TValue)}', expected type: '{getter.GetType().GetGenericArguments()[0]}'.");
    }
}
