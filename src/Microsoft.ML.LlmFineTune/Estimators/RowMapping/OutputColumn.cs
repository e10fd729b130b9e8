using Microsoft.ML.Data;

namespace Microsoft.ML.LlmFineTune.Estimators.RowMapping;

/// <summary>Copies one value out of a row's result.</summary>
internal delegate void ReadValue<in TResult, TValue>(TResult result, ref TValue value);

/// <summary>One column that a transformer adds; its values come out of a <typeparamref name="TResult"/> that all columns of a row share.</summary>
internal abstract class OutputColumn<TResult>(string name, DataViewType type, DataViewSchema.Annotations? annotations)
{
    internal string Name { get; } = name;

    internal DataViewType Type { get; } = type;

    internal DataViewSchema.Annotations? Annotations { get; } = annotations;

    /// <summary>A <c>ValueGetter</c> over whatever row <paramref name="current"/> stands on.</summary>
    internal abstract Delegate Getter(Func<TResult> current);
}

/// <inheritdoc/>
internal sealed class OutputColumn<TResult, TValue>(
    string name, DataViewType type, ReadValue<TResult, TValue> read, DataViewSchema.Annotations? annotations = null)
    : OutputColumn<TResult>(name, type, annotations)
{
    internal override Delegate Getter(Func<TResult> current) =>
        (ValueGetter<TValue>)((ref TValue value) => read(current(), ref value));
}
