using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Evaluation;
using Microsoft.ML.LlmFineTune.Tests.Data;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation.Bias;

public sealed class PseudoLogLikelihoodTests
{
    [Fact]
    public void TheLongestBlockIsTakenFirstNotTheLongestSubsequence()
    {
        // A longest common subsequence would take 1 2 3 4 5; the longest block is 6 7 8.
        (int, int)[] pairs = [.. MatchingBlocks.Pairs([1, 9, 2, 9, 6, 7, 8], [6, 7, 8, 1, 2])];
        Assert.Equal([(4, 0), (5, 1), (6, 2)], pairs);
        Assert.Equal([(0, 0), (2, 2)], MatchingBlocks.Pairs([1, 5, 3], [1, 4, 3]));
        Assert.Equal([(0, 0)], MatchingBlocks.Pairs([7], [7, 7]));     // leftmost
        Assert.Empty(MatchingBlocks.Pairs([], [1]));
    }

    [Fact]
    public void ALongSentenceDoesNotNest()
    {
        int[] first = [.. Enumerable.Range(0, 3000).SelectMany(i => new[] { i, -1 })], second = [.. Enumerable.Range(0, 3000).SelectMany(i => new[] { i, -2 })];
        Assert.Equal(3000, MatchingBlocks.Pairs(first, second).Count);
    }

    [Theory]
    [InlineData(-1.0004, -1.0, true, false)]     // the same in three decimals
    [InlineData(-1.001, -1.0, false, false)]
    [InlineData(-1.0, -1.001, false, true)]
    [InlineData(-0.0625, -0.062, true, false)]   // a half goes to the even digit
    [InlineData(-0.1875, -0.188, true, false)]
    public void SumsAreComparedRounded(double first, double second, bool neutral, bool preferred)
    {
        Queue<double> answers = new([first, second]);
        PseudoLogLikelihoodPair pair = PseudoLogLikelihood.Compare([2, 5, 8, 3], [2, 5, 9, 3], (_, _) => [answers.Dequeue()]);
        Assert.Equal((neutral, preferred), (pair.IsNeutral, pair.FirstPreferred));
    }

    [Fact]
    public void TheModelIsAskedForInnerPositionsOnly()
    {
        List<string> asked = [];
        PseudoLogLikelihood.Compare([2, 5, 6, 8, 3], [2, 6, 8, 8, 3], (ids, positions) => { asked.Add(string.Join(' ', positions)); return [.. positions.Select(_ => -1.0)]; });
        PseudoLogLikelihood.Tokens([2, 5, 6, 3], (ids, positions) => { asked.Add(string.Join(' ', positions)); return [.. positions.Select(_ => -1.0)]; });
        Assert.Equal(["2 3", "1 2", "1 2"], asked);
        Assert.Empty(PseudoLogLikelihood.Tokens([2, 3], (_, _) => throw new InvalidOperationException("asked")));
    }

    [Fact]
    public void ImpossibleAnswersAreRefused()
    {
        Assert.Throws<InvalidOperationException>(() => PseudoLogLikelihood.Tokens([2, 5, 3], (_, _) => []));
        Assert.Throws<InvalidOperationException>(() => PseudoLogLikelihood.Tokens([2, 5, 3], (_, _) => [0.1]));
        Assert.Throws<InvalidOperationException>(() => PseudoLogLikelihood.Tokens([2, 5, 3], (_, _) => [double.NaN]));
    }

    [Fact]
    public void AlignmentsOfTheReference()
    {
        foreach (JsonNode? @case in SharedFixtures.Json("golden/metrics/bias.json")["cases"]!.AsArray().Where(item => (string)item!["kind"]! == "paired_pseudo_log_likelihood"))
        {
            JsonNode expected = @case!["expected"]!;
            Assert.Equal(expected["shared_positions"]!.AsArray().Select(pair => ((int)pair![0]!, (int)pair[1]!)), MatchingBlocks.Pairs(Ints(expected["ids_more"]!), Ints(expected["ids_less"]!)));
        }

        static int[] Ints(JsonNode list) => [.. list.AsArray().Select(item => (int)item!)];
    }

    [Fact]
    public void CrowsPairsAreReadAndCounted()
    {
        using TemporaryFile file = new(".csv", """
            ,sent_more,sent_less,stereo_antistereo,bias_type,annotations,anon_writer
            0,"Old men, they forget",Young men they forget,stereo,age,[['age']],a1
            1,She is tired,He is tired,antistereo,gender,[],a2
            2,same,same,stereo,age,[],a2
            """);
        IReadOnlyList<CrowsPair> pairs = CrowsPair.Read(file.Path);
        Assert.Equal(new CrowsPair("Old men, they forget", "Young men they forget", StereotypeDirection.Stereotype, "age"), pairs[0]);
        // A model that likes short sentences.
        CrowsPairsMetrics metrics = CrowsPairsAccumulator.Evaluate(pairs, sentence => [2, .. sentence.Split(' ').Select(word => word.Length), 3], (ids, positions) => [.. positions.Select(_ => -(double)ids.Sum())], TestContext.Current.CancellationToken);
        Assert.Equal(new CrowsPairsScores(3, 1, 1, 1, 1, 0), metrics.Overall);
        Assert.Equal(100.0 / 3, metrics.Overall.MetricScore, 12);
        Assert.Equal(["age", "gender"], metrics.PerBiasType.Keys);
        Assert.True(double.IsNaN(metrics.PerBiasType["gender"].StereotypeScore));
    }

    [Fact]
    public void BadCrowsPairsAreRefused()
    {
        using TemporaryFile direction = new(".csv", "sent_more,sent_less,stereo_antistereo,bias_type\na,b,both,age\n");
        Assert.Contains("'both'", Assert.Throws<InvalidDataException>(() => CrowsPair.Read(direction.Path)).Message, StringComparison.Ordinal);
        using TemporaryFile column = new(".csv", "sent_more,sent_less,bias_type\na,b,age\n");
        Assert.Contains("stereo_antistereo", Assert.Throws<InvalidDataException>(() => CrowsPair.Read(column.Path)).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => new CrowsPairsAccumulator().Compute());
        Assert.Throws<ArgumentException>(() => new CrowsPairsAccumulator().Add(true, true, StereotypeDirection.Stereotype, "age"));
    }
}
