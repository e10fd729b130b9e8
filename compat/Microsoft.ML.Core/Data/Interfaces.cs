namespace Microsoft.ML
{
    using Microsoft.ML.Data;

    public interface ICanSaveModel
    {
        void Save(ModelSaveContext ctx);
    }

    public interface ITransformer : ICanSaveModel
    {
        bool IsRowToRowMapper { get; }
        DataViewSchema GetOutputSchema(DataViewSchema inputSchema);
        IDataView Transform(IDataView input);
        IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema);
    }

    public interface IEstimator<out TTransformer> where TTransformer : ITransformer
    {
        TTransformer Fit(IDataView input);
        SchemaShape GetOutputSchema(SchemaShape inputSchema);
    }

    public interface IDataLoader<in TSource> : ICanSaveModel
    {
        IDataView Load(TSource input);
        DataViewSchema GetOutputSchema();
    }

    public interface IDataLoaderEstimator<in TSource, out TLoader> where TLoader : IDataLoader<TSource>
    {
        TLoader Fit(TSource input);
        SchemaShape GetOutputSchema();
    }

    /// <summary>How a trainer wants its data.</summary>
    public sealed class TrainerInfo
    {
        internal TrainerInfo(bool normalization = true, bool calibration = false, bool caching = true)
        {
            NeedNormalization = normalization;
            NeedCalibration = calibration;
            WantCaching = caching;
        }

        public bool NeedNormalization { get; }
        public bool WantCaching { get; }
        internal bool NeedCalibration { get; }
    }
}

namespace Microsoft.ML.Data
{
    public interface IRowToRowMapper
    {
        DataViewSchema InputSchema { get; }
        DataViewSchema OutputSchema { get; }
        IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns);
        DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns);
    }
}
