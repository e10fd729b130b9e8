using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(typeof(ColumnConcatenatingTransformer), null, typeof(SignatureLoadModel), "Concat Transform", ColumnConcatenatingTransformer.LoaderSignature)]

namespace Microsoft.ML.Data;

/// <summary>Joins columns of one item type, scalars and vectors, into one vector.</summary>
public sealed class ColumnConcatenatingTransformer : RowToRowTransformerBase
{
    internal const string LoaderSignature = "ConcatTransform";

    private readonly string _name;
    private readonly string[] _sources;

    internal ColumnConcatenatingTransformer(IHostEnvironment env, string outputColumnName, params string[] inputColumnNames)
        : base(Contracts.CheckRef(env, nameof(env)).Register(nameof(ColumnConcatenatingTransformer)))
    {
        _name = outputColumnName;
        _sources = inputColumnNames;
    }

    private static VersionInfo Version => new("CONCAT F", 0x00010003, 0x00010003, 0x00010003, typeof(ColumnConcatenatingTransformer).Assembly.FullName, LoaderSignature);

    private static ColumnConcatenatingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        env.CheckDecode(ctx.Reader.ReadInt32() == 1);
        string name = ctx.LoadNonEmptyString();
        var sources = new string[ctx.Reader.ReadInt32()];
        for (int i = 0; i < sources.Length; i++)
        {
            sources[i] = ctx.LoadNonEmptyString();
            ctx.LoadStringOrNull();
        }
        return new ColumnConcatenatingTransformer(env, name, sources);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(Version);
        // The format has room for several columns, and for an alias of each source.
        ctx.Writer.Write(1);
        ctx.SaveNonEmptyString(_name);
        ctx.Writer.Write(_sources.Length);
        foreach (string source in _sources)
        {
            ctx.SaveNonEmptyString(source);
            ctx.SaveStringOrNull(null);
        }
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private sealed class Mapper : MapperBase
    {
        private readonly ColumnConcatenatingTransformer _parent;
        private readonly DataViewSchema.Column[] _sources;
        private readonly DataViewType _itemType;

        public Mapper(ColumnConcatenatingTransformer parent, DataViewSchema inputSchema)
            : base(parent.Host, inputSchema)
        {
            _parent = parent;
            _sources = Array.ConvertAll(parent._sources, name => inputSchema.GetColumnOrNull(name) ?? throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", name));
            _itemType = _sources[0].Type.GetItemType();
            foreach (var source in _sources)
            {
                if (!source.Type.GetItemType().Equals(_itemType))
                    throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", source.Name, _itemType.ToString(), source.Type.ToString());
            }
        }

        /// <summary>A single vector is passed on as it is, with its annotations.</summary>
        private bool IsIdentity => _sources.Length == 1 && _sources[0].Type is VectorDataViewType;

        public override Func<int, bool> GetDependencies(Func<int, bool> activeOutput)
            => activeOutput(0) ? column => _sources.Any(source => source.Index == column) : _ => false;

        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore()
        {
            if (IsIdentity)
                return [new(_parent._name, _sources[0].Type, _sources[0].Annotations)];
            int size = _sources.Any(source => source.Type.GetValueCount() == 0) ? 0 : _sources.Sum(source => source.Type.GetValueCount());
            var annotations = new DataViewSchema.Annotations.Builder();
            if (_itemType is NumberDataViewType && _sources.All(source => source.IsNormalized()))
                annotations.AddPrimitiveValue(AnnotationUtils.Kinds.IsNormalized, BooleanDataViewType.Instance, true);
            if (size > 0 && _sources.Any(source => source.Type is not VectorDataViewType || source.HasSlotNames()))
                annotations.AddSlotNames(size, (ref VBuffer<ReadOnlyMemory<char>> names) => names = SlotNames(size));
            if (size > 0 && Categories() is { Length: > 0 } ranges)
                annotations.Add(AnnotationUtils.Kinds.CategoricalSlotRanges, new VectorDataViewType(NumberDataViewType.Int32, ranges.Length / 2, 2), (ref VBuffer<int> value) => value = new(ranges.Length, ranges));
            return [new(_parent._name, new VectorDataViewType((PrimitiveDataViewType)_itemType, size), annotations.ToAnnotations())];
        }

        /// <summary>A scalar's slot has its column's name, a vector's named slots "column.slot"; the others have none.</summary>
        private VBuffer<ReadOnlyMemory<char>> SlotNames(int size)
        {
            var names = new ReadOnlyMemory<char>[size];
            int slot = 0;
            foreach (var source in _sources)
            {
                if (source.Type is not VectorDataViewType vector)
                {
                    names[slot++] = source.Name.AsMemory();
                    continue;
                }
                if (source.HasSlotNames())
                {
                    var own = default(VBuffer<ReadOnlyMemory<char>>);
                    source.GetSlotNames(ref own);
                    foreach (var (index, name) in own.Items())
                    {
                        if (!name.IsEmpty)
                            names[slot + index] = $"{source.Name}.{name}".AsMemory();
                    }
                }
                slot += vector.Size;
            }
            return new(size, names);
        }

        private int[] Categories()
        {
            var ranges = new List<int>();
            int slot = 0;
            foreach (var source in _sources)
            {
                if (source.Annotations.Schema.GetColumnOrNull(AnnotationUtils.Kinds.CategoricalSlotRanges) != null)
                {
                    var own = default(VBuffer<int>);
                    source.Annotations.GetValue(AnnotationUtils.Kinds.CategoricalSlotRanges, ref own);
                    foreach (int bound in own.DenseValues())
                        ranges.Add(bound + slot);
                }
                slot += source.Type.GetValueCount();
            }
            return ranges.ToArray();
        }

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action disposer)
        {
            disposer = null;
            return IsIdentity ? RowCursorUtils.GetGetterAsDelegate(input, _sources[0].Index) : Utils.MarshalInvoke(Getter<int>, _itemType.RawType, input);
        }

        private Delegate Getter<T>(DataViewRow input)
        {
            var parts = Array.ConvertAll(_sources, source => source.Type is VectorDataViewType vector ? VectorPart<T>(input, source, vector) : ScalarPart<T>(input, source));
            var buffers = new VBuffer<T>[parts.Length];
            return (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) =>
            {
                int length = 0, count = 0;
                for (int i = 0; i < parts.Length; i++)
                {
                    parts[i](ref buffers[i]);
                    length = checked(length + buffers[i].Length);
                    count += buffers[i].GetValues().Length;
                }
                // Sparse where that takes no more room.
                bool sparse = count <= length / 2;
                var editor = VBufferEditor.Create(ref value, length, sparse ? count : length);
                int slot = 0, next = 0;
                foreach (ref readonly var buffer in buffers.AsSpan())
                {
                    if (!sparse)
                    {
                        buffer.CopyTo(editor.Values, slot);
                    }
                    else
                    {
                        var values = buffer.GetValues();
                        var indices = buffer.GetIndices();
                        for (int i = 0; i < values.Length; i++)
                        {
                            editor.Values[next] = values[i];
                            editor.Indices[next++] = slot + (buffer.IsDense ? i : indices[i]);
                        }
                    }
                    slot += buffer.Length;
                }
                value = editor.Commit();
            });
        }

        private static ValueGetter<VBuffer<T>> ScalarPart<T>(DataViewRow input, DataViewSchema.Column source)
        {
            var getter = input.GetGetter<T>(source);
            return (ref VBuffer<T> part) =>
            {
                var editor = VBufferEditor.Create(ref part, 1);
                getter(ref editor.Values[0]);
                part = editor.Commit();
            };
        }

        private static ValueGetter<VBuffer<T>> VectorPart<T>(DataViewRow input, DataViewSchema.Column source, VectorDataViewType type)
        {
            var getter = input.GetGetter<VBuffer<T>>(source);
            return (ref VBuffer<T> part) =>
            {
                getter(ref part);
                if (type.Size != 0 && type.Size != part.Length)
                    throw Contracts.Except($"Column '{source.Name}': expected {type.Size} slots, but got {part.Length}");
            };
        }
    }
}
