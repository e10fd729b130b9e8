using System.Numerics;
using Microsoft.ML.Data;

namespace Microsoft.ML.Transforms;

/// <summary>What the missing values of one column become: one value for all slots, or one for each.</summary>
internal abstract class MissingValueReplacement
{
    public abstract int Count { get; }

    public static MissingValueReplacement Default(DataViewType type)
        => type.GetItemType() == NumberDataViewType.Single ? new MissingValueReplacement<float>([0]) : new MissingValueReplacement<double>([0]);

    public static MissingValueReplacement Read(BinaryReader reader, DataViewType type)
        => type.GetItemType() == NumberDataViewType.Single ? MissingValueReplacement<float>.Read(reader) : MissingValueReplacement<double>.Read(reader);

    /// <summary>Why the missing values of such items can't be replaced; null if they can.</summary>
    public static string WhyNot(DataViewType item)
    {
        if (item == NumberDataViewType.Single || item == NumberDataViewType.Double)
            return null;
        return item is KeyDataViewType
            ? $"Type '{item}' is not supported by {MissingValueReplacingTransformer.LoaderSignature} since its NA value is equivalent to its default value"
            : $"Type '{item}' is not supported by {MissingValueReplacingTransformer.LoaderSignature} since it doesn't have an NA value";
    }

    public abstract Delegate MakeGetter(DataViewRow input, DataViewSchema.Column column);

    public abstract void Write(BinaryWriter writer);
}

internal sealed class MissingValueReplacement<T>(T[] values) : MissingValueReplacement
    where T : IFloatingPointIeee754<T>
{
    public override int Count => values.Length;

    public static MissingValueReplacement<T> Read(BinaryReader reader)
    {
        var values = new T[reader.ReadInt32()];
        for (int i = 0; i < values.Length; i++)
            values[i] = T.CreateTruncating(reader.ReadDouble());
        return new MissingValueReplacement<T>(values);
    }

    public override void Write(BinaryWriter writer)
    {
        writer.Write(values.Length);
        foreach (var value in values)
            writer.Write(double.CreateChecked(value));
    }

    public override Delegate MakeGetter(DataViewRow input, DataViewSchema.Column column)
    {
        if (column.Type is not VectorDataViewType)
        {
            var scalar = input.GetGetter<T>(column);
            return (ValueGetter<T>)((ref T value) =>
            {
                scalar(ref value);
                if (T.IsNaN(value))
                    value = values[0];
            });
        }
        var vector = input.GetGetter<VBuffer<T>>(column);
        var source = default(VBuffer<T>);
        return (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) =>
        {
            vector(ref source);
            source.CopyTo(ref value);
            var indices = source.GetIndices();
            var elements = VBufferEditor.CreateFromBuffer(ref value).Values;
            for (int i = 0; i < elements.Length; i++)
            {
                if (T.IsNaN(elements[i]))
                    elements[i] = values[values.Length == 1 ? 0 : source.IsDense ? i : indices[i]];
            }
        });
    }
}
