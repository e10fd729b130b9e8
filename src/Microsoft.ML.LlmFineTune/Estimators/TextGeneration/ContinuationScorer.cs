using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Generation;

namespace Microsoft.ML.LlmFineTune.Estimators.TextGeneration;

/// <summary>Prompts to continuations.</summary>
internal sealed class ContinuationScorer(TextGenerator generator, GenerationOptions options, int batchSize, IReadOnlyList<OutputColumn<string>> columns) : IBatchScorer<string>
{
    public IReadOnlyList<OutputColumn<string>> Columns => columns;

    public int LookAhead => batchSize;

    public string[] Score(IReadOnlyList<string> texts, IReadOnlyList<bool> active) => [.. generator.Generate(texts, options).Select(generated => generated.Text)];

    internal static IReadOnlyList<OutputColumn<string>> MakeColumns(string name) =>
        [new OutputColumn<string, ReadOnlyMemory<char>>(name, TextDataViewType.Instance, (string text, ref ReadOnlyMemory<char> value) => value = text.AsMemory())];
}
