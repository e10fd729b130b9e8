using Microsoft.ML.Data;
using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

internal sealed class TermMap<T> : TermMap
{
    private readonly T[] _terms;
    private readonly Dictionary<T, uint> _keys = new(TermValues.Comparer<T>());

    public TermMap(PrimitiveDataViewType type, List<T> terms)
        : base(type, terms.Count)
    {
        _terms = terms.ToArray();
        foreach (var term in _terms)
            _keys.Add(term, (uint)_keys.Count + 1);
    }

    public override void Save(ModelSaveContext ctx)
    {
        ValueCodec.WriteType(ctx.Writer, ItemType);
        ctx.Writer.Write(_terms.Length);
        foreach (var term in _terms)
            TermValues.Save(ctx, term);
    }

    public override void WriteText(TextWriter writer)
    {
        writer.WriteLine(ItemType is TextDataViewType ? $"# Number of terms = {Count}" : $"# Number of terms of type '{ItemType}' = {Count}");
        for (int i = 0; i < _terms.Length; i++)
            writer.WriteLine($"{i}\t{TextConversion.ToText(_terms[i])}");
    }

    public override void AddKeyValues(DataViewSchema.Annotations.Builder annotations, DataViewSchema.Column input, bool asText)
    {
        if (Count == 0)
            return;
        if (ItemType is KeyDataViewType key && input.Annotations.Schema.GetColumnOrNull(AnnotationUtils.Kinds.KeyValues)?.Type is VectorDataViewType values
            && (ulong)values.Size == key.Count)
        {
            Utils.MarshalInvoke(AddValuesOfKeys<int>, values.ItemType.RawType, annotations, input, values.ItemType, asText);
            return;
        }
        AddValues(annotations, ItemType, asText, () => _terms);
    }

    public override Delegate MakeGetter(DataViewRow input, DataViewSchema.Column column, string outputName)
        => column.Type is VectorDataViewType vector ? VectorGetter(input.GetGetter<VBuffer<T>>(column), vector.Size, outputName) : ScalarGetter(input.GetGetter<T>(column));

    private object AddValuesOfKeys<TValue>(DataViewSchema.Annotations.Builder annotations, DataViewSchema.Column input, PrimitiveDataViewType type, bool asText)
    {
        AddValues(annotations, type, asText, () =>
        {
            var values = default(VBuffer<TValue>);
            input.GetKeyValues(ref values);
            return Array.ConvertAll(_terms, term => values.GetItemOrDefault(Convert.ToInt32(term) - 1));
        });
        return null;
    }

    private static void AddValues<TValue>(DataViewSchema.Annotations.Builder annotations, PrimitiveDataViewType type, bool asText, Func<TValue[]> values)
    {
        int count = values().Length;
        if (asText && type is not TextDataViewType)
            annotations.AddKeyValues(count, TextDataViewType.Instance, (ref VBuffer<ReadOnlyMemory<char>> value) => value = new(count, Array.ConvertAll(values(), item => TextConversion.ToText(item).AsMemory())));
        else
            annotations.AddKeyValues(count, type, (ref VBuffer<TValue> value) => new VBuffer<TValue>(count, values()).CopyTo(ref value));
    }

    private ValueGetter<uint> ScalarGetter(ValueGetter<T> getter)
    {
        T term = default;
        return (ref uint value) =>
        {
            getter(ref term);
            value = Key(term);
        };
    }

    private ValueGetter<VBuffer<uint>> VectorGetter(ValueGetter<VBuffer<T>> getter, int size, string outputName)
    {
        var terms = default(VBuffer<T>);
        uint ofDefault = Key(default);
        return (ref VBuffer<uint> value) =>
        {
            getter(ref terms);
            if (size != 0 && size != terms.Length)
                throw Contracts.Except($"Column '{outputName}': TermTransform expects {size} slots, but got {terms.Length}");
            var values = terms.GetValues();
            var indices = terms.GetIndices();
            // A sparse vector stays so where its implicit values have no key.
            bool sparse = !terms.IsDense && ofDefault == 0;
            var editor = VBufferEditor.Create(ref value, terms.Length, sparse ? values.Length : terms.Length);
            if (!sparse)
                editor.Values.Fill(ofDefault);
            for (int i = 0; i < values.Length; i++)
            {
                editor.Values[sparse || terms.IsDense ? i : indices[i]] = Key(values[i]);
                if (sparse)
                    editor.Indices[i] = indices[i];
            }
            value = editor.Commit();
        };
    }

    private uint Key(T term) => MissingValues.Is(term, ItemType) ? 0 : _keys.GetValueOrDefault(term);
}
