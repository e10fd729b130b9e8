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
        string[] rows = [.. DocumentCode.Text("memory.md").Split('\n').Where(line => Regex.IsMatch(line, @"^\| [a-z0-9-]+ \|( \d+ / \d+ \(\d\.\d\d\) \|){4}$"))];
        Assert.Equal(24, rows.Length);
        // The first size, then the second: all weights, recomputed; adapters, recomputed.
        AreWithin(rows[..12], [0.13, 0.15, 0.24, 0.11]);
        AreWithin(rows[12..], [0.12, 0.07, 0.19, 0.22]);
        Assert.Equal([11, 9, 10, 11], Enumerable.Range(0, 4).Select(column => rows[..12].Count(row => WithinATenth(row)[column])));
        Assert.Equal([11, 12, 9, 9], Enumerable.Range(0, 4).Select(column => rows[12..].Count(row => WithinATenth(row)[column])));
    }

    private static bool[] WithinATenth(string row) => [.. Regex.Matches(row, @"\((\d\.\d\d)\)").Select(cell => Math.Abs(double.Parse(cell.Groups[1].Value, CultureInfo.InvariantCulture) - 1) < 0.101)];

    private static void AreWithin(string[] rows, double[] within)
    {
        Assert.All(rows, row =>
        {
            double[][] cells = [.. Regex.Matches(row, @"(\d+) / (\d+) \((\d\.\d\d)\)").Select(cell => cell.Groups.Values.Skip(1).Select(number => double.Parse(number.Value, CultureInfo.InvariantCulture)).ToArray())];
            Assert.All(cells, cell => Assert.Equal(cell[0] / cell[1], cell[2], 0.006));
            Assert.All(cells.Zip(within), cell => Assert.InRange(cell.First[2], 1 - cell.Second - 1e-9, 1 + cell.Second + 1e-9));
        });
    }
}
