using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Adds the column by which rows are shared out, made from a sampling key, so that rows with one key go to one side.</summary>
internal abstract class SamplingKeyMapper(DataViewSchema.Column source, DataViewSchema.DetachedColumn output) : IRowMapper
{
    private const int HashBits = 30;
    private const uint DefaultSeed = 314489979;

    /// <summary>Numbers are scaled to [0, 1], for which the data is read once; keys stand for themselves; all else is hashed.</summary>
    public static IDataView AddTo(IHostEnvironment env, IDataView data, string outputName, string samplingKeyColumn, int? seed)
    {
        var source = data.Schema.GetColumnOrNull(samplingKeyColumn) ?? throw env.ExceptSchemaMismatch("samplingKeyColumn", "SamplingKeyColumn", samplingKeyColumn);
        SamplingKeyMapper mapper = source.Type switch
        {
            KeyDataViewType => new Copied(source, new(outputName, source.Type, source.Annotations)),
            _ when source.Type == NumberDataViewType.Single => new ScaledSingle(source, new(outputName, source.Type), data),
            _ when source.Type == NumberDataViewType.Double => new ScaledDouble(source, new(outputName, source.Type), data),
            _ => new Hashed(source, new(outputName, new KeyDataViewType(typeof(uint), 1 << HashBits)), (uint?)seed ?? DefaultSeed),
        };
        return new RowToRowMapperTransform(env, data, mapper);
    }

    public DataViewSchema.DetachedColumn[] GetOutputColumns() => [output];

    public Func<int, bool> GetDependencies(Func<int, bool> activeOutput) => column => column == source.Index && activeOutput(0);

    public Delegate[] CreateGetters(DataViewRow input, Func<int, bool> activeOutput, out Action disposer)
    {
        disposer = null;
        return [activeOutput(0) ? CreateGetter(input) : null];
    }

    protected abstract Delegate CreateGetter(DataViewRow input);

    private sealed class Copied(DataViewSchema.Column source, DataViewSchema.DetachedColumn output) : SamplingKeyMapper(source, output)
    {
        private readonly DataViewSchema.Column _source = source;

        protected override Delegate CreateGetter(DataViewRow input) => RowCursorUtils.GetGetterAsDelegate(input, _source.Index);
    }

    private sealed class Hashed(DataViewSchema.Column source, DataViewSchema.DetachedColumn output, uint seed) : SamplingKeyMapper(source, output)
    {
        private readonly DataViewSchema.Column _source = source;

        protected override Delegate CreateGetter(DataViewRow input) => ValueHasher.GetHashGetter(input, _source, seed, HashBits);
    }

    private sealed class ScaledSingle : SamplingKeyMapper
    {
        private readonly DataViewSchema.Column _source;
        private readonly float _offset;
        private readonly float _scale;

        public ScaledSingle(DataViewSchema.Column source, DataViewSchema.DetachedColumn output, IDataView data) : base(source, output)
        {
            _source = source;
            var finite = data.GetColumn<float>(source).Where(float.IsFinite).DefaultIfEmpty().ToArray();
            float min = finite.Min(), max = finite.Max();
            _scale = max > min ? 1 / (max - min) : 0;
            _offset = _scale == 0 ? 0 : min;
        }

        protected override Delegate CreateGetter(DataViewRow input)
        {
            var getter = input.GetGetter<float>(_source);
            return (ValueGetter<float>)((ref float value) =>
            {
                getter(ref value);
                value = (value - _offset) * _scale;
            });
        }
    }

    private sealed class ScaledDouble : SamplingKeyMapper
    {
        private readonly DataViewSchema.Column _source;
        private readonly double _offset;
        private readonly double _scale;

        public ScaledDouble(DataViewSchema.Column source, DataViewSchema.DetachedColumn output, IDataView data) : base(source, output)
        {
            _source = source;
            var finite = data.GetColumn<double>(source).Where(double.IsFinite).DefaultIfEmpty().ToArray();
            double min = finite.Min(), max = finite.Max();
            _scale = max > min ? 1 / (max - min) : 0;
            _offset = _scale == 0 ? 0 : min;
        }

        protected override Delegate CreateGetter(DataViewRow input)
        {
            var getter = input.GetGetter<double>(_source);
            return (ValueGetter<double>)((ref double value) =>
            {
                getter(ref value);
                value = (value - _offset) * _scale;
            });
        }
    }
}
