using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;
using static Microsoft.ML.LlmFineTune.Tests.Evaluation.MetricFixture;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

public sealed class EntityTests
{
    [Fact]
    public void Scores_are_seqevals()
    {
        int compared = 0;
        foreach (JsonNode one in Cases("seqeval"))
        {
            JsonNode expected = one["expected"]!["default"]!["zero_division_0"]!;
            if (expected["error"] is not null) continue;
            EntityAccumulator accumulator = new(new EntityOptions { Suffix = (bool)one["options"]!["suffix"]! }, keepSegments: true);
            foreach ((JsonNode? reference, JsonNode? predicted) in one["inputs"]!["y_true"]!.AsArray().Zip(one["inputs"]!["y_pred"]!.AsArray())) accumulator.Add(reference!.Texts(), predicted!.Texts());
            EntityMetrics metrics = accumulator.Compute();
            Assert.Equal((double)expected["micro"]!["f1"]!, metrics.Micro.FScore, 1e-12);
            Assert.Equal((double)expected["weighted"]!["precision"]!, metrics.Weighted.Precision, 1e-12);
            Assert.Equal(metrics.Micro.FScore, accumulator.PerSegment!.Score(), 1e-12);
            if (one["expected"]!["default"]!["report_text"] is JsonValue text) Assert.Equal((string)text!, metrics.ToReport(4));
            compared++;
        }
        Assert.True(compared > 20);
    }

    [Theory]
    [InlineData(EntityScheme.Iob2, "B-X I-X O B-Y", "X:0-2 Y:3-4")]
    [InlineData(EntityScheme.Iob2, "I-X O B-X I-Y", "X:2-3")]
    [InlineData(EntityScheme.Iob1, "I-X B-X O I-Y", "X:0-1 X:1-2 Y:3-4")]
    [InlineData(EntityScheme.Ioe2, "I-X E-X E-X O", "X:0-2 X:2-3")]
    [InlineData(EntityScheme.Iobes, "B-X I-X E-X S-Y B-Z", "X:0-3 Y:3-4")]
    [InlineData(EntityScheme.Bilou, "B-X L-X U-X U-X I-X", "X:0-2 X:2-3 X:3-4")]
    public void Strict_spans(EntityScheme scheme, string tags, string expected) =>
        Assert.Equal(expected, string.Join(' ', EntityTags.Read(tags.Split(' '), scheme).Select(span => $"{span.Type}:{span.Start}-{span.End}")));

    [Fact]
    public void Conllevals_rules_repair() =>
        Assert.Equal([new EntitySpan("X", 0, 1), new EntitySpan("X", 2, 3), new EntitySpan("Y", 3, 4)], EntityTags.Read(["I-X", "O", "B-X", "I-Y"]));

    [Fact]
    public void Parts_added_together_are_the_whole_and_warnings_keep_their_rows()
    {
        (EntityAccumulator left, EntityAccumulator right) = (new(new EntityOptions { Scheme = EntityScheme.Iob2 }), new(new EntityOptions { Scheme = EntityScheme.Iob2 }));
        left.Add(["B-X", "I-X"], ["B-X", "O"]);
        right.Add(["B-Y", "O"], ["B-Y", "I-X"]);
        left.Merge(right);
        EntityMetrics metrics = left.Compute();
        Assert.Equal((0.5, 2L), (metrics.Micro.FScore, metrics.Micro.Support));
        Assert.Equal(["X", "Y"], metrics.PerType.Select(type => type.Type));
        Assert.Equal((1L, 1L), (metrics.Warnings.Single().Count, metrics.Warnings.Single().FirstRow));
        Assert.Equal(0.5, metrics.TokenAccuracy);
    }

    [Fact]
    public void Bad_input_is_refused_with_its_row()
    {
        EntityAccumulator accumulator = new(new EntityOptions { Scheme = EntityScheme.Iob2 });
        Assert.Throws<InvalidOperationException>(accumulator.Compute);
        accumulator.Add(["O"], ["O"]);
        Assert.Contains("row 1", Assert.Throws<ArgumentException>(() => accumulator.Add(["O", "O"], ["O"])).Message, StringComparison.Ordinal);
        Assert.Contains("row 1", Assert.Throws<ArgumentException>(() => accumulator.Add(["O", ""], ["O", "O"])).Message, StringComparison.Ordinal);
        Assert.Contains("row 1", Assert.Throws<ArgumentException>(() => accumulator.Add(["B-X"], ["S-X"])).Message, StringComparison.Ordinal);
        Assert.Equal(1, accumulator.Sentences);
        Assert.Throws<InvalidOperationException>(() => accumulator.Compute().ToReport());
        Assert.Throws<ArgumentException>(() => new EntityAccumulator(new EntityOptions { ZeroDivision = ZeroDivision.NaN }));
    }

    [Theory]
    [InlineData("B-X I-X O", EntityScheme.Iob2)]
    [InlineData("I-X E-X O", EntityScheme.Ioe2)]
    [InlineData("B-X E-X S-X O", EntityScheme.Iobes)]
    [InlineData("B-X L-X U-X O", EntityScheme.Bilou)]
    [InlineData("I-X O", null)]
    [InlineData("Q-X O", null)]
    public void Schemes_are_told_by_their_prefixes(string tags, EntityScheme? expected) => Assert.Equal(expected, EntityTags.DetectScheme([tags.Split(' ')]));
}
