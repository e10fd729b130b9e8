using Microsoft.ML.Data;
using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>A dictionary from values to keys.</summary>
internal abstract class TermMap(PrimitiveDataViewType itemType, int count)
{
    public PrimitiveDataViewType ItemType { get; } = itemType;

    public int Count { get; } = count;

    /// <summary>A key type has at least one value, also where there is none.</summary>
    public KeyDataViewType OutputType { get; } = new(typeof(uint), Math.Max(count, 1));

    public abstract void Save(ModelSaveContext ctx);

    public abstract void WriteText(TextWriter writer);

    /// <summary>Adds what the keys stand for, if anything: for keys of keys the values of the first keys.</summary>
    public abstract void AddKeyValues(DataViewSchema.Annotations.Builder annotations, DataViewSchema.Column input, bool asText);

    public abstract Delegate MakeGetter(DataViewRow input, DataViewSchema.Column column, string outputName);

    public static TermMap Load(IHost host, ModelLoadContext ctx)
    {
        var type = ValueCodec.ReadType(ctx.Reader) as PrimitiveDataViewType ?? throw host.ExceptDecode("Corrupt type of terms");
        return Utils.MarshalInvoke(Load<int>, type.RawType, host, ctx, type);
    }

    private static TermMap Load<T>(IHost host, ModelLoadContext ctx, PrimitiveDataViewType type)
    {
        int count = ctx.Reader.ReadInt32();
        host.CheckDecode(count >= 0);
        var terms = new List<T>();
        for (int i = 0; i < count; i++)
            terms.Add(TermValues.Load<T>(ctx));
        return new TermMap<T>(type, terms);
    }
}
