using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;

namespace Microsoft.ML.LlmFineTune.Estimators.TextClassification;

/// <summary>Texts and classes of a view, read once.</summary>
/// <param name="Texts">The texts with a known class.</param>
/// <param name="Classes">Their classes, from 0.</param>
/// <param name="LeftOut">Rows whose label is missing or unknown.</param>
internal sealed record LabeledTexts(IReadOnlyList<string> Texts, IReadOnlyList<int> Classes, int LeftOut)
{
    /// <summary>Reads a view whose columns were checked.</summary>
    internal static LabeledTexts Read(IDataView view, DataViewSchema.Column text, DataViewSchema.Column label, LabelKeys labels, CancellationToken cancellation)
    {
        var (texts, classes, leftOut) = (new List<string>(), new List<int>(), 0);
        ColumnReader.Walk(view, [text, label], cancellation, row =>
        {
            var readText = row.GetGetter<ReadOnlyMemory<char>>(text);
            var readClass = labels.ClassReader(row, label);
            ReadOnlyMemory<char> value = default;
            return () =>
            {
                int number = readClass();
                if (number < 0)
                {
                    leftOut++;
                    return;
                }
                readText(ref value);
                texts.Add(value.ToString());
                classes.Add(number);
            };
        });
        return new LabeledTexts(texts, classes, leftOut);
    }

    /// <summary>Batches of the texts.</summary>
    /// <param name="frame">Makes tokens of them.</param>
    /// <param name="rows">Rows a batch.</param>
    /// <param name="random">Order of epochs; null: by length.</param>
    /// <param name="truncation">What was cut.</param>
    internal ClassificationBatches Batches(TextFrame frame, int rows, Runtime.RandomStreams? random, out TruncationReport truncation) =>
        new(frame.Encode(Texts, out truncation), Classes, frame.Padding, frame.MaximumTokens, BatchSize.OfRows(rows), random);
}
