using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Tests.Estimators;
using Samples.Corpus;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Samples;

public sealed class DataSplitsTests
{
    private readonly MLContext _ml = new(1);

    [Fact]
    public void TextsAreSplitByTheirHash()
    {
        var all = Split(Enumerable.Range(0, 2000));
        var fewer = Split(Enumerable.Range(0, 2000).Where(row => row % 3 == 0).Reverse());
        Assert.Equal("Label", all.LabelColumn);
        foreach (var (part, share) in ((IDataView, double)[])[(all.Train, 0.8), (all.Validation, 0.1), (all.Test, 0.1)])
            Assert.Equal(share, part.GetRowCount()!.Value / 2000.0, 0.03);
        Assert.Equal(2000, Texts(all.Train).Concat(Texts(all.Validation)).Concat(Texts(all.Test)).Distinct().Count());
        // Where a text goes depends on the text alone.
        Assert.Subset(Texts(all.Train), Texts(fewer.Train));
        Assert.Subset(Texts(all.Test), Texts(fewer.Test));
        Assert.Equal("label 1", all.Train.GetColumn<string>("Label").First(label => label.EndsWith('1')));
    }

    [Fact]
    public void AMissingColumnIsNamed()
    {
        var error = Assert.Throws<ArgumentException>(() => DataSplits.OfFile(_ml, Write([0]), "Words", "Class"));
        Assert.Contains("no column 'Words'", error.Message);
        Assert.Contains("Class, Id, Sentence", error.Message);
    }

    private static HashSet<string> Texts(IDataView view) => [.. view.GetColumn<string>("Text")];

    private static string Write(IEnumerable<int> rows)
    {
        string path = Path.Combine(ScratchFolder.New(), "own.tsv");
        File.WriteAllLines(path, rows.Select(row => $"label {row % 2}\t{row}\ttext number {row}").Prepend("Class\tId\tSentence"));
        return path;
    }

    private DataSplits Split(IEnumerable<int> rows) => DataSplits.OfFile(_ml, Write(rows), "Sentence", "Class");
}
