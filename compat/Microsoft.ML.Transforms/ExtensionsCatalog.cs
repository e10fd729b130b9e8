using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using ReplacementMode = Microsoft.ML.Transforms.MissingValueReplacingEstimator.ReplacementMode;

namespace Microsoft.ML;

public static class ExtensionsCatalog
{
    public static MissingValueIndicatorEstimator IndicateMissingValues(this TransformsCatalog catalog, InputOutputColumnPair[] columns)
        => new(catalog.GetEnvironment(), Array.ConvertAll(columns, pair => (pair.OutputColumnName, pair.InputColumnName)));

    public static MissingValueIndicatorEstimator IndicateMissingValues(this TransformsCatalog catalog, string outputColumnName, string inputColumnName = null)
        => new(catalog.GetEnvironment(), (outputColumnName, inputColumnName ?? outputColumnName));

    public static MissingValueReplacingEstimator ReplaceMissingValues(
        this TransformsCatalog catalog, InputOutputColumnPair[] columns, ReplacementMode replacementMode = ReplacementMode.DefaultValue, bool imputeBySlot = true)
        => new(catalog.GetEnvironment(), replacementMode, imputeBySlot, Array.ConvertAll(columns, pair => (pair.OutputColumnName, pair.InputColumnName)));

    public static MissingValueReplacingEstimator ReplaceMissingValues(
        this TransformsCatalog catalog, string outputColumnName, string inputColumnName = null, ReplacementMode replacementMode = ReplacementMode.DefaultValue, bool imputeBySlot = true)
        => new(catalog.GetEnvironment(), replacementMode, imputeBySlot, (outputColumnName, inputColumnName ?? outputColumnName));
}
