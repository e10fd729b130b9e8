namespace Microsoft.ML.LlmFineTune.Estimators.RowMapping;

/// <summary>The kinds of annotations that ML.NET's own steps look for.</summary>
internal static class AnnotationNames
{
    /// <summary>The values behind a key: read by <c>MapKeyToValue</c>.</summary>
    internal const string KeyValues = "KeyValues";

    /// <summary>Names of a vector's slots: read by <c>Evaluate</c> for the names of classes.</summary>
    internal const string SlotNames = "SlotNames";
}
