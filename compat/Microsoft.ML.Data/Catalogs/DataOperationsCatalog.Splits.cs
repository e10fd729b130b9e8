using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

public sealed partial class DataOperationsCatalog
{
    public struct TrainTestData
    {
        public readonly IDataView TrainSet;
        public readonly IDataView TestSet;

        internal TrainTestData(IDataView trainSet, IDataView testSet)
        {
            TrainSet = trainSet;
            TestSet = testSet;
        }
    }

    public TrainTestData TrainTestSplit(IDataView data, double testFraction = 0.1, string samplingKeyColumnName = null, int? seed = null)
    {
        _env.CheckValue(data, nameof(data));
        _env.CheckParam(0 < testFraction && testFraction < 1, nameof(testFraction), "Must be between 0 and 1 exclusive");
        string column = AddSplitColumn(_env, ref data, samplingKeyColumnName, seed);
        return Split(_env, data, column, 0, testFraction, includeUpper: false);
    }

    public IReadOnlyList<TrainTestData> CrossValidationSplit(IDataView data, int numberOfFolds = 5, string samplingKeyColumnName = null, int? seed = null)
    {
        _env.CheckValue(data, nameof(data));
        _env.CheckParam(numberOfFolds > 1, nameof(numberOfFolds), "Must be more than 1");
        return MakeFolds(_env, data, numberOfFolds, samplingKeyColumnName, seed);
    }

    /// <summary>Fold i is the test set of the i-th pair.</summary>
    internal static TrainTestData[] MakeFolds(IHostEnvironment env, IDataView data, int numberOfFolds, string samplingKeyColumn, int? seed)
    {
        string column = AddSplitColumn(env, ref data, samplingKeyColumn, seed);
        return Enumerable.Range(0, numberOfFolds)
            .Select(fold => Split(env, data, column, (double)fold / numberOfFolds, (double)(fold + 1) / numberOfFolds, includeUpper: true)).ToArray();
    }

    private static TrainTestData Split(IHostEnvironment env, IDataView data, string column, double lower, double upper, bool includeUpper)
    {
        IDataView Side(bool complement) => ColumnSubsetView.Without(env, new RangeFilter(env, data, column, lower, upper, includeUpper, complement), column);
        return new(Side(complement: true), Side(complement: false));
    }

    /// <summary>Adds a column with values in [0, 1] by which rows are shared out: random, or made from a sampling key. The call's seed goes before the environment's.</summary>
    private static string AddSplitColumn(IHostEnvironment env, ref IDataView data, string samplingKeyColumn, int? seed)
    {
        const string Wanted = "SplitColumn";
        string name = Wanted;
        for (int i = 0; data.Schema.GetColumnOrNull(name) != null; i++)
            name = $"temp_{Wanted}_{i:000}";
        seed ??= ((IHostEnvironmentInternal)env).Seed;
        data = samplingKeyColumn == null ? new RandomNumberView(env, data, name, (uint?)seed) : SamplingKeyMapper.AddTo(env, data, name, samplingKeyColumn, seed);
        return name;
    }

    public IDataView FilterRowsByColumn(IDataView input, string columnName, double lowerBound = double.NegativeInfinity, double upperBound = double.PositiveInfinity)
    {
        _env.CheckValue(input, nameof(input));
        _env.CheckNonEmpty(columnName, nameof(columnName));
        _env.CheckParam(lowerBound < upperBound, nameof(upperBound), "Must be less than lowerBound");
        var type = input.Schema[columnName].Type;
        if (type is not NumberDataViewType)
            throw _env.ExceptSchemaMismatch(nameof(columnName), "filter", columnName, "number", type.ToString());
        return new RangeFilter(_env, input, columnName, lowerBound, upperBound, includeMax: false);
    }

    public IDataView FilterRowsByKeyColumnFraction(IDataView input, string columnName, double lowerBound = 0, double upperBound = 1)
    {
        _env.CheckValue(input, nameof(input));
        _env.CheckNonEmpty(columnName, nameof(columnName));
        _env.CheckParam(0 <= lowerBound && lowerBound <= 1, nameof(lowerBound), "Must be in [0, 1]");
        _env.CheckParam(0 <= upperBound && upperBound <= 1, nameof(upperBound), "Must be in [0, 1]");
        _env.CheckParam(lowerBound <= upperBound, nameof(upperBound), "Must be no less than lowerBound");
        var type = input.Schema[columnName].Type;
        if (type is not KeyDataViewType)
            throw _env.ExceptSchemaMismatch(nameof(columnName), "filter", columnName, "KeyType", type.ToString());
        return new RangeFilter(_env, input, columnName, lowerBound, upperBound, includeMax: false);
    }

    public IDataView FilterRowsByMissingValues(IDataView input, params string[] columns)
    {
        _env.CheckValue(input, nameof(input));
        _env.CheckUserArg(columns?.Length > 0, nameof(columns));
        return new MissingValueFilter(_env, input, columns);
    }

    public IDataView ShuffleRows(IDataView input, int? seed = null, int shufflePoolSize = ShuffledView.DefaultPoolRows, bool shuffleSource = true)
    {
        _env.CheckValue(input, nameof(input));
        _env.CheckUserArg(shufflePoolSize > 0, nameof(shufflePoolSize), "Must be positive");
        return new ShuffledView(_env, input, seed, shufflePoolSize, shuffleSource);
    }

    public IDataView BootstrapSample(IDataView input, int? seed = null, bool complement = false)
    {
        _env.CheckValue(input, nameof(input));
        return new BootstrapView(_env, input, seed, complement);
    }
}
