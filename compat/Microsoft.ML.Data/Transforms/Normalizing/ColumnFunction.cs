using System.Numerics;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>What a normalizer does to the slots of one column; a scalar is a vector of one slot.</summary>
internal abstract class ColumnFunction : ICanSaveModel
{
    public abstract Delegate MakeGetter(DataViewRow input, DataViewSchema.Column column);

    public abstract void Save(ModelSaveContext ctx);
}

internal abstract class ColumnFunction<T>(int slots) : ColumnFunction
    where T : IFloatingPointIeee754<T>
{
    /// <summary>Whether 0 stays 0 in every slot.</summary>
    protected abstract bool KeepsZero { get; }

    protected abstract T Map(T value, int slot);

    public override Delegate MakeGetter(DataViewRow input, DataViewSchema.Column column)
    {
        if (column.Type is not VectorDataViewType)
        {
            var scalar = input.GetGetter<T>(column);
            return (ValueGetter<T>)((ref T value) =>
            {
                scalar(ref value);
                value = Map(value, 0);
            });
        }
        var vector = input.GetGetter<VBuffer<T>>(column);
        var source = default(VBuffer<T>);
        return (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) =>
        {
            vector(ref source);
            Contracts.Check(source.Length == slots);
            if (!source.IsDense && !KeepsZero)
                source.CopyToDense(ref source);
            var values = source.GetValues();
            var indices = source.GetIndices();
            var editor = VBufferEditor.Create(ref value, source.Length, values.Length);
            for (int i = 0; i < values.Length; i++)
                editor.Values[i] = Map(values[i], source.IsDense ? i : indices[i]);
            indices.CopyTo(editor.Indices);
            value = editor.Commit();
        });
    }

    protected static void Write(ModelSaveContext ctx, T[] values)
    {
        ctx.Writer.Write(values.Length);
        foreach (var value in values)
            ctx.Writer.Write(double.CreateChecked(value));
    }

    protected static T[] Read(ModelLoadContext ctx, int slots)
    {
        Contracts.CheckDecode(ctx.Reader.ReadInt32() == slots);
        var values = new T[slots];
        for (int i = 0; i < slots; i++)
            values[i] = T.CreateTruncating(ctx.Reader.ReadDouble());
        return values;
    }
}
