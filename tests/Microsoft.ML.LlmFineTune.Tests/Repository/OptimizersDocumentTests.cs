using System.Text.RegularExpressions;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Batches.Rows;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Tests.Losses;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>What docs/optimizers.md shows compiles and runs; its tables name every optimizer and schedule, with the rates that are their defaults.</summary>
public sealed class OptimizersDocumentTests
{
    [Fact]
    public void Its_code_is_the_one_that_is_compiled() => DocumentCode.AssertIsCompiled("optimizers.md", "OptimizersExample.cs");

    [Fact]
    public void Its_code_runs()
    {
        TrainingOptions options = OptimizersExample.Options();
        options.Validate();
        using DecoderModel model = TinyModels.Decoder();
        RowBatches batches = new([CompletionRows.Of([1, 5, 6, 7, 8, 2]), CompletionRows.Of([1, 9, 6, 7, 4, 2])], padding: 0, BatchSize.OfRows(2), random: null);
        (RateCurve curve, double? rate) = OptimizersExample.Find(model, new NextTokenObjective(), options with { Device = LlmFineTune.Runtime.ComputeDevice.Cpu }, batches);
        Assert.True(curve.IsFinished);
        Assert.InRange(rate!.Value, 1e-5, 1);
    }

    [Fact]
    public void Its_tables_are_whole()
    {
        string document = DocumentCode.Text("optimizers.md");
        List<OptimizerOptions> optimizers = [.. Records<OptimizerOptions>().Select(type => (OptimizerOptions)Activator.CreateInstance(type)!)];
        Assert.Equal(14, optimizers.Count);
        Assert.All(optimizers, options => Assert.Contains(FormattableString.Invariant($"| `{options.GetType().Name}` | {options.LearningRate:0.####} |"), document, StringComparison.Ordinal));
        Assert.All(Records<LearningRateSchedule>().Where(type => type.IsPublic), type => Assert.Matches($@"\n\| `{Regex.Escape(type.Name)}` \|", document));
    }

    private static IEnumerable<Type> Records<T>() => typeof(T).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(T)) && !type.IsAbstract);
}
