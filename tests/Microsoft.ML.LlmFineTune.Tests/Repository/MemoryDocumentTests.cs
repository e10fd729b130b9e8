using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>What docs/memory.md shows compiles and runs.</summary>
public sealed class MemoryDocumentTests
{
    [Fact]
    public void The_example_is_the_one_that_is_compiled() => DocumentCode.AssertIsCompiled("memory.md", "MemoryExample.cs");

    [Fact]
    public void The_example_runs()
    {
        MemoryExample.Run(new TrainingOptions(), 8L << 30);
        string refusal = Assert.Throws<InsufficientMemoryException>(() => MemoryExample.Run(new TrainingOptions(), 200 << 20)).Message;
        Assert.Contains("RecomputeActivations", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_said_of_the_table_is_true_of_it()
    {
        // All weights, recomputed, a part of them, that recomputed.
        IsTrue(48, 36, [0.05, 0.15, 0.19, 0.25]);
        // Adapters, recomputed.
        IsTrue(24, 18, [0.16, 0.19]);
    }

    private static void IsTrue(int cells, int withinATenth, double[] within)
    {
        string[] rows = [.. DocumentCode.Text("memory.md").Split('\n').Where(line => Regex.IsMatch(line, @"^\| [a-z0-9-]+ \|( \d+ / \d+ \(\d\.\d\d\) \|){" + within.Length + "}$"))];
        Assert.Equal(cells, rows.Length * within.Length);
        Assert.Equal(withinATenth, rows.Sum(row => Regex.Count(row, @"\((0\.9\d|1\.0\d|1\.10)\)")));
        Assert.All(rows, row =>
        {
            double[][] cells = [.. Regex.Matches(row, @"(\d+) / (\d+) \((\d\.\d\d)\)").Select(cell => cell.Groups.Values.Skip(1).Select(number => double.Parse(number.Value, CultureInfo.InvariantCulture)).ToArray())];
            Assert.All(cells, cell => Assert.Equal(cell[0] / cell[1], cell[2], 0.006));
            Assert.All(cells.Zip(within), cell => Assert.InRange(cell.First[2], 1 - cell.Second - 1e-9, 1 + cell.Second + 1e-9));
        });
    }
}
