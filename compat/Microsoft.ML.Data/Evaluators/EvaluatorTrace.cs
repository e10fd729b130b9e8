using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>The genuine evaluators put their figures into data views and read those again; who follows the trace sees the two cursors.</summary>
internal static class EvaluatorTrace
{
    public static void Write(IHost evaluator)
    {
        using var outer = Start(evaluator);
        using var inner = Start(evaluator);
    }

    private static IChannel Start(IHost evaluator) => evaluator.Register("ArrayDataViewBuilder").Register("ArrayDataView").Start("Cursor");
}
