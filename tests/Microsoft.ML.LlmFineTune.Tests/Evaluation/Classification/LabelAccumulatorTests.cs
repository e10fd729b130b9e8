using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

public sealed class LabelAccumulatorTests
{
    private static readonly string[] s_words = ["b", "", "\U0001F600", "\uFFFD", "\uE000", "a", "ab"];

    [Fact]
    public void Texts_are_ordered_by_code_point()
    {
        LabelAccumulator<string> accumulator = new();
        foreach (string word in s_words) accumulator.Add(word, word);
        Assert.Equal(["", "a", "ab", "b", "\uE000", "\uFFFD", "\U0001F600"], accumulator.Labels);
    }

    [Fact]
    public void Equals_the_accumulator_of_known_classes()
    {
        int[] actual = Drawn.Classes(150, 7, 1), predicted = Drawn.Classes(150, 7, 2);
        ClassificationAccumulator known = new(7);
        LabelAccumulator<string> whole = new(), left = new(), right = new();
        string[] sorted = ["", "a", "ab", "b", "\uE000", "\uFFFD", "\U0001F600"];
        known.AddRange(actual, predicted);
        whole.AddRange([.. actual.Select(i => sorted[i])], [.. predicted.Select(i => sorted[i])]);
        for (int i = 0; i < 150; i++) (i < 40 ? right : left).Add(sorted[actual[i]], sorted[predicted[i]]);
        left.Merge(right);
        Assert.Equal(ClassificationAccumulatorTests.Figures(known.Compute()), ClassificationAccumulatorTests.Figures(whole.Compute()));
        Assert.Equal(ClassificationAccumulatorTests.Figures(known.Compute()), ClassificationAccumulatorTests.Figures(left.Compute()));
        // A selection, in its own order.
        Assert.Equal(ClassificationAccumulatorTests.Figures(known.Compute(classes: [5, 0, 3])), ClassificationAccumulatorTests.Figures(left.Compute(labels: ["\uFFFD", "", "b"])));
        Assert.Equal(["\uFFFD", "", "b"], left.Compute(labels: ["\uFFFD", "", "b"]).ClassNames);
    }

    [Fact]
    public void Labels_that_nobody_has_can_be_asked_for()
    {
        LabelAccumulator<int> accumulator = new();
        accumulator.AddRange([1, 2], [1, 1]);
        ClassificationMetrics metrics = accumulator.Compute(labels: [2, 1, 9]);
        Assert.Equal([1, 1, 0], metrics.PerClass.Select(scores => scores.Support));
        Assert.Equal(0.5, metrics.Accuracy);
        Assert.Equal(0.5, metrics.BalancedAccuracy);
        Assert.Equal(3, metrics.ConfusionMatrix.Classes);
        Assert.Throws<InvalidOperationException>(() => accumulator.Compute(labels: [8, 9]).ConfusionMatrix);
        Assert.Throws<ArgumentException>(() => accumulator.Compute(labels: [1, 1]));
        Assert.Throws<ArgumentException>(() => accumulator.Compute(labels: []));
        Assert.Throws<ArgumentException>(() => accumulator.AddRange([1], []));
        Assert.Throws<InvalidOperationException>(() => new LabelAccumulator<int>().Compute());
    }
}
