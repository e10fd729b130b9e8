using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Data;

namespace Samples.Corpus;

/// <summary>The data of the job in three parts, with the name of its label column.</summary>
internal sealed record DataSplits(IDataView Train, IDataView Validation, IDataView Test, string LabelColumn, string Description)
{
    /// <summary>The SDK's documentation, labelled with the namespace or with the kind of member.</summary>
    internal static DataSplits OfDocumentation(MLContext ml, bool labelKind)
    {
        var rows = SdkDocumentation.Read();
        return Split(ml, rows, row => row.Text, labelKind ? nameof(DocumentationRow.Kind) : nameof(DocumentationRow.Namespace),
            $"{rows.Count:N0} distinct summaries of the .NET SDK's reference documentation, {rows.Sum(row => (long)row.Text.Length) / 1e6:F1} million characters");
    }

    /// <summary>Two columns of the user's own tab-separated file, whose first line names the columns.</summary>
    internal static DataSplits OfFile(MLContext ml, string path, string textColumn, string labelColumn)
    {
        string[] header = File.ReadLines(path).FirstOrDefault()?.Split('\t') ?? [];
        var view = ml.Data.LoadFromTextFile(path, new TextLoader.Options
        {
            HasHeader = true,
            Columns = [Column(nameof(OwnRow.Text), textColumn), Column(nameof(OwnRow.Label), labelColumn)],
        });
        var rows = ml.Data.CreateEnumerable<OwnRow>(view, reuseRowObject: false).Where(row => row.Label.Length > 0).ToList();
        return Split(ml, rows, row => row.Text, nameof(OwnRow.Label), $"{rows.Count:N0} rows of {path}");

        TextLoader.Column Column(string name, string inFile) => Array.IndexOf(header, inFile) is >= 0 and var index
            ? new TextLoader.Column(name, DataKind.String, index)
            : throw new ArgumentException($"'{path}' has no column '{inFile}'; its first line names: {string.Join(", ", header)}.");
    }

    /// <summary>80 : 10 : 10 by the text's hash: a text is always on the same side, whatever other rows there are.</summary>
    private static DataSplits Split<TRow>(MLContext ml, IReadOnlyList<TRow> rows, Func<TRow, string> text, string labelColumn, string description) where TRow : class
    {
        var split = new TextHashSplit(train: 0.8, validation: 0.1);
        var parts = rows.ToLookup(row => split.PartOf(text(row)));
        return new DataSplits(View(DataPart.Train), View(DataPart.Validation), View(DataPart.Test), labelColumn, description);

        IDataView View(DataPart part) => ml.Data.LoadFromEnumerable(parts[part].ToList());
    }
}
