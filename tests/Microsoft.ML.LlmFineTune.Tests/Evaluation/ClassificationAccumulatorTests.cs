using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

public sealed class ClassificationAccumulatorTests
{
    [Fact]
    public void CountsByHand()
    {
        ClassificationAccumulator left = new(3), right = new(3);
        left.Add([2f, 1f, 0f], 0);   // right
        left.Add([2f, 2f, 0f], 1);   // a tie goes to the first: wrong
        right.Add([0f, 0f, 9f], 2);  // right
        right.Add([0f, 3f, 1f], 2);  // wrong
        left.Add(right);
        Assert.Equal(4, left.Rows);
        Assert.Equal(0.5, left.Accuracy);
        Assert.Equal((1 + 0 + 0.5) / 3, left.MacroAccuracy!.Value, 12);
        Assert.Equal(new ClassScores(0.5, 1, 2.0 / 3, 1), left.PerClass()[0]);
        Assert.Equal(new ClassScores(0, 0, 0, 1), left.PerClass()[1]);
        Assert.Equal(new ClassScores(1, 0.5, 2.0 / 3, 2), left.PerClass()[2]);
        double loss = Loss([2, 1, 0], 0) + Loss([2, 2, 0], 1) + Loss([0, 0, 9], 2) + Loss([0, 3, 1], 2);
        Assert.Equal(loss / 4, left.Loss!.Value, 6);

        static double Loss(double[] scores, int actual) => Math.Log(scores.Sum(Math.Exp)) - scores[actual];
    }

    [Fact]
    public void NothingSeenIsNoNumber()
    {
        ClassificationAccumulator accumulator = new(2);
        Assert.Null(accumulator.Loss);
        Assert.Null(accumulator.Accuracy);
        Assert.Null(accumulator.MacroAccuracy);
    }

    [Fact]
    public void OtherClassesAreRefused()
    {
        ClassificationAccumulator accumulator = new(2);
        Assert.Throws<ArgumentOutOfRangeException>(() => accumulator.Add([0f, 1f], 2));
        Assert.Throws<ArgumentException>(() => accumulator.Add([0f, 1f, 2f], 1));
        Assert.Throws<ArgumentException>(() => accumulator.Add(new ClassificationAccumulator(3)));
    }

    [Theory]
    [InlineData("binary_random")]
    [InlineData("multiclass_5")]
    [InlineData("multiclass_12")]
    [InlineData("reference_label_never_predicted")]
    [InlineData("prediction_label_never_in_reference")]
    public void MetricsOfTheReference(string name)
    {
        JsonNode @case = SharedFixtures.Json("golden/metrics/classification.json")["cases"]!.AsArray().Single(item => (string)item!["name"]! == name)!;
        JsonNode expected = @case["expected"]!, scores = expected["zero_division_0"]!["f1"]!;
        string[] labels = Texts(expected["labels"]!);
        ClassificationAccumulator accumulator = new(labels.Length);
        foreach ((string actual, string answered) in Texts(@case["inputs"]!["y_true"]!).Zip(Texts(@case["inputs"]!["y_pred"]!)))
            accumulator.Add(Array.IndexOf(labels, answered), Array.IndexOf(labels, actual), 0);
        Assert.Equal((double)expected["accuracy"]!, accumulator.Accuracy!.Value, 12);
        Assert.Equal((double)expected["balanced_accuracy"]!, accumulator.MacroAccuracy!.Value, 12);
        Assert.Equal((double)scores["macro"]!["f"]!, accumulator.MacroF1!.Value, 12);
        for (int i = 0; i < labels.Length; i++)
        {
            ClassScores actual = accumulator.PerClass()[i];
            Assert.Equal((double)scores["per_class"]!["precision"]![i]!, actual.Precision, 12);
            Assert.Equal((double)scores["per_class"]!["recall"]![i]!, actual.Recall, 12);
            Assert.Equal((double)scores["per_class"]!["f"]![i]!, actual.F1, 12);
            Assert.Equal((long)scores["per_class"]!["support"]![i]!, actual.Support);
        }

        static string[] Texts(JsonNode list) => [.. list.AsArray().Select(label => label!.ToString())];
    }
}
