using Microsoft.ML.Data;

namespace Microsoft.ML.Trainers;

internal delegate void RowAction(in VBuffer<float> features, float label, float weight);

/// <summary>The usable training rows, in parts that may be walked at the same time.</summary>
internal interface IRowSource
{
    int Parts { get; }

    void Walk(int part, RowAction action);
}
