using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;
using NormFunction = Microsoft.ML.Transforms.LpNormNormalizingEstimatorBase.NormFunction;

[assembly: LoadableClass(typeof(LpNormNormalizingTransformer), null, typeof(SignatureLoadModel), "Lp-Norm Normalizer", LpNormNormalizingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

public sealed class LpNormNormalizingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "GcnTransform";

    private const float SmallestScale = 1e-8f;

    private readonly NormFunction _norm;
    private readonly bool _ensureZeroMean;

    internal LpNormNormalizingTransformer(IHostEnvironment env, NormFunction norm, bool ensureZeroMean, params (string outputColumnName, string inputColumnName)[] columns)
        : base(Contracts.CheckRef(env, nameof(env)).Register(nameof(LpNormNormalizingTransformer)), columns)
    {
        _norm = norm;
        _ensureZeroMean = ensureZeroMean;
    }

    private LpNormNormalizingTransformer(IHost host, ModelLoadContext ctx)
        : base(host, ctx)
    {
        _ensureZeroMean = ctx.Reader.ReadBoolean();
        _norm = (NormFunction)ctx.Reader.ReadByte();
        host.CheckDecode(Enum.IsDefined(_norm));
    }

    private static VersionInfo Version => new("GCNORMAF", 0x00010003, 0x00010003, 0x00010003, typeof(LpNormNormalizingTransformer).Assembly.FullName, LoaderSignature);

    private static LpNormNormalizingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        return new LpNormNormalizingTransformer(env.Register(nameof(LpNormNormalizingTransformer)), ctx);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(Version);
        SaveColumns(ctx);
        ctx.Writer.Write(_ensureZeroMean);
        ctx.Writer.Write((byte)_norm);
    }

    private protected override void CheckInputColumn(DataViewSchema inputSchema, int col, int srcCol)
    {
        var type = inputSchema[srcCol].Type;
        if (!type.IsKnownSizeVector() || type.GetItemType() != NumberDataViewType.Single)
            throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", inputSchema[srcCol].Name, LpNormNormalizingEstimatorBase.ExpectedColumnType, type.ToString());
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private void Normalize(in VBuffer<float> source, ref VBuffer<float> result)
    {
        source.CopyTo(ref result);
        if (source.GetValues().IsEmpty)
            return;
        float mean = _ensureZeroMean ? Sum(source.GetValues()) / source.Length : 0;
        float divisor = Divisor(source, mean);
        float scale = divisor > 0 ? 1 / divisor : 1;
        if (scale < SmallestScale)
            scale = 1;
        if (mean != 0)
            result.CopyToDense(ref result);
        var values = VBufferEditor.CreateFromBuffer(ref result).Values;
        foreach (ref float value in values)
            value = (value - mean) * scale;
    }

    /// <summary>The norm of the explicit values after taking the mean off; the standard deviation counts the implicit zeros too.</summary>
    private float Divisor(in VBuffer<float> source, float mean)
    {
        var values = source.GetValues();
        if (_norm == NormFunction.StandardDeviation)
        {
            float center = _ensureZeroMean ? mean : Sum(values) / source.Length;
            return MathF.Sqrt((((source.Length - values.Length) * center * center) + SumOfSquares(values, center)) / source.Length);
        }
        if (_norm == NormFunction.L2)
            return MathF.Sqrt(SumOfSquares(values, mean));
        float total = 0;
        foreach (float value in values)
            total = _norm == NormFunction.L1 ? total + Math.Abs(value - mean) : Math.Max(total, Math.Abs(value - mean));
        return total;
    }

    private static float Sum(ReadOnlySpan<float> values)
    {
        float sum = 0;
        foreach (float value in values)
            sum += value;
        return sum;
    }

    private static float SumOfSquares(ReadOnlySpan<float> values, float center)
    {
        float sum = 0;
        foreach (float value in values)
            sum += (value - center) * (value - center);
        return sum;
    }

    private sealed class Mapper(LpNormNormalizingTransformer parent, DataViewSchema inputSchema) : OneToOneMapperBase(parent.Host, parent, inputSchema)
    {
        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore()
            => Sources.Select((source, i) =>
            {
                var annotations = new DataViewSchema.Annotations.Builder();
                annotations.Add(InputSchema[source].Annotations, name => name == AnnotationUtils.Kinds.SlotNames);
                annotations.AddPrimitiveValue(AnnotationUtils.Kinds.IsNormalized, BooleanDataViewType.Instance, true);
                return new DataViewSchema.DetachedColumn(parent.ColumnPairs[i].outputColumnName, InputSchema[source].Type, annotations.ToAnnotations());
            }).ToArray();

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action disposer)
        {
            disposer = null;
            var getter = input.GetGetter<VBuffer<float>>(input.Schema[Sources[iinfo]]);
            var source = default(VBuffer<float>);
            return (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
            {
                getter(ref source);
                parent.Normalize(source, ref value);
            });
        }
    }
}
