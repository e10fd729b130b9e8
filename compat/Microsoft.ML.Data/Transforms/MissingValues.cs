using Microsoft.ML.Data;

namespace Microsoft.ML.Transforms;

/// <summary>The value of each type that says there is none.</summary>
internal static class MissingValues
{
    /// <summary>Whether the type has a missing value at all that others may ask for.</summary>
    public static bool Exist(DataViewType item) => item == NumberDataViewType.Single || item == NumberDataViewType.Double || item is KeyDataViewType;

    /// <summary>NaN, a key of 0, empty text; other types have none, and give their default value.</summary>
    public static T Of<T>(DataViewType type)
    {
        if (type == NumberDataViewType.Single)
            return (T)(object)float.NaN;
        if (type == NumberDataViewType.Double)
            return (T)(object)double.NaN;
        return default;
    }

    public static bool Is<T>(T value, DataViewType type) => value switch
    {
        ReadOnlyMemory<char> text => text.IsEmpty,
        float number => float.IsNaN(number),
        double number => double.IsNaN(number),
        _ => type is KeyDataViewType && EqualityComparer<T>.Default.Equals(value, default),
    };
}
