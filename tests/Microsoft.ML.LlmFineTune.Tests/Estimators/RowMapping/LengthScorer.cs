using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators.RowMapping;

/// <summary>Adds Length (Int32) and Capital (text), and remembers what it was asked.</summary>
internal sealed class LengthScorer(int lookAhead) : IBatchScorer<string>
{
    internal List<int> Batches { get; } = [];

    internal List<bool[]> Activity { get; } = [];

    public IReadOnlyList<OutputColumn<string>> Columns { get; } =
    [
        new OutputColumn<string, int>("Length", NumberDataViewType.Int32, (string text, ref int value) => value = text.Length),
        new OutputColumn<string, ReadOnlyMemory<char>>("Capital", TextDataViewType.Instance, (string text, ref ReadOnlyMemory<char> value) => value = text.ToUpperInvariant().AsMemory()),
    ];

    public int LookAhead => lookAhead;

    public string[] Score(IReadOnlyList<string> texts, IReadOnlyList<bool> active)
    {
        Batches.Add(texts.Count);
        Activity.Add([.. active]);
        return [.. texts];
    }
}
