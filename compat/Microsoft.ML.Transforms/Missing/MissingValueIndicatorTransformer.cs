using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(MissingValueIndicatorTransformer), null, typeof(SignatureLoadModel), "NA Indicator Transform", MissingValueIndicatorTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

public sealed class MissingValueIndicatorTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "NaIndicatorTransform";

    internal MissingValueIndicatorTransformer(IHostEnvironment env, params (string outputColumnName, string inputColumnName)[] columns)
        : base(Contracts.CheckRef(env, nameof(env)).Register(nameof(MissingValueIndicatorTransformer)), columns)
    {
    }

    private MissingValueIndicatorTransformer(IHost host, ModelLoadContext ctx)
        : base(host, ctx)
    {
    }

    private static VersionInfo Version => new("NAIND TF", 0x00010001, 0x00010001, 0x00010001, typeof(MissingValueIndicatorTransformer).Assembly.FullName, LoaderSignature);

    private static MissingValueIndicatorTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        return new MissingValueIndicatorTransformer(env.Register(nameof(MissingValueIndicatorTransformer)), ctx);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(Version);
        SaveColumns(ctx);
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private sealed class Mapper : OneToOneMapperBase
    {
        private readonly MissingValueIndicatorTransformer _parent;

        public Mapper(MissingValueIndicatorTransformer parent, DataViewSchema inputSchema)
            : base(parent.Host, parent, inputSchema)
        {
            _parent = parent;
            foreach (int source in Sources)
            {
                var item = inputSchema[source].Type.GetItemType();
                if (!MissingValues.Exist(item))
                    throw new InvalidOperationException($"No IsNA predicate for '{item}'");
            }
        }

        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore()
            => Sources.Select((source, i) =>
            {
                DataViewType type = InputSchema[source].Type is VectorDataViewType vector ? new VectorDataViewType(BooleanDataViewType.Instance, vector.Dimensions) : BooleanDataViewType.Instance;
                var annotations = new DataViewSchema.Annotations.Builder();
                annotations.Add(InputSchema[source].Annotations, name => name == AnnotationUtils.Kinds.SlotNames);
                annotations.AddPrimitiveValue(AnnotationUtils.Kinds.IsNormalized, BooleanDataViewType.Instance, true);
                return new DataViewSchema.DetachedColumn(_parent.ColumnPairs[i].outputColumnName, type, annotations.ToAnnotations());
            }).ToArray();

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action disposer)
        {
            disposer = null;
            var column = input.Schema[Sources[iinfo]];
            return column.Type is VectorDataViewType vector
                ? Utils.MarshalInvoke(VectorGetter<int>, vector.ItemType.RawType, input, column)
                : Utils.MarshalInvoke(ScalarGetter<int>, column.Type.RawType, input, column);
        }

        private static Delegate ScalarGetter<T>(DataViewRow input, DataViewSchema.Column column)
        {
            var getter = input.GetGetter<T>(column);
            var source = default(T);
            return (ValueGetter<bool>)((ref bool value) =>
            {
                getter(ref source);
                value = MissingValues.Is(source, column.Type);
            });
        }

        private static Delegate VectorGetter<T>(DataViewRow input, DataViewSchema.Column column)
        {
            var getter = input.GetGetter<VBuffer<T>>(column);
            var item = column.Type.GetItemType();
            // Implicit values of a sparse vector of keys or texts are missing ones.
            bool dense = MissingValues.Is(default(T), item);
            var source = default(VBuffer<T>);
            var missing = new List<int>();
            return (ValueGetter<VBuffer<bool>>)((ref VBuffer<bool> value) =>
            {
                getter(ref source);
                missing.Clear();
                foreach (var (slot, element) in source.Items(all: dense))
                {
                    if (MissingValues.Is(element, item))
                        missing.Add(slot);
                }
                bool sparse = missing.Count == 0 || missing.Count < source.Length / 2;
                var editor = VBufferEditor.Create(ref value, source.Length, sparse ? missing.Count : source.Length);
                editor.Values.Fill(sparse);
                if (sparse)
                    missing.CopyTo(editor.Indices);
                foreach (int slot in sparse ? [] : missing)
                    editor.Values[slot] = true;
                value = editor.Commit();
            });
        }
    }
}
