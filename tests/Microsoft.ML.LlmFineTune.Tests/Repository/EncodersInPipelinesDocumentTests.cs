using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Tests.Estimators;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>What docs/encoders-in-pipelines.md shows compiles, and runs where it needs no network.</summary>
public sealed class EncodersInPipelinesDocumentTests
{
    [Fact]
    public void Its_code_is_the_one_that_is_compiled() => DocumentCode.AssertIsCompiled("encoders-in-pipelines.md", "EncodersInPipelinesExample.cs");

    [Fact]
    public void Its_code_runs()
    {
        MLContext ml = new(1);
        using TextEncoder encoder = TextEncoder.Create(Toy.BertTokenizer, Toy.BertConfig with { MaximumLength = 64 });
        IDataView rows = ml.Data.LoadFromEnumerable(Toy.Rows(48).Select(row => new Opinion { Text = row.Text, Label = row.Class, IsGood = row.Class == "fruit" }));
        IDataView tuned = EncodersInPipelinesExample.FineTuning(ml, encoder, rows).Fit(rows).Transform(rows);
        Assert.InRange(ml.MulticlassClassification.Evaluate(tuned).MicroAccuracy, 0, 1);
        IDataView judged = EncodersInPipelinesExample.Embeddings(ml, encoder).Fit(rows).Transform(rows);
        Assert.InRange(ml.BinaryClassification.Evaluate(judged, nameof(Opinion.IsGood)).Accuracy, 0.5, 1);
    }

    public sealed class Opinion
    {
        public string Text { get; set; } = "";

        public string Label { get; set; } = "";

        public bool IsGood { get; set; }
    }
}
