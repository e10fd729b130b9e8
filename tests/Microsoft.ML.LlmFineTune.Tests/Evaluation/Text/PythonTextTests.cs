using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;
using static Microsoft.ML.LlmFineTune.Tests.Evaluation.MetricFixture;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation;

public sealed class PythonTextTests
{
    [Fact]
    public void Lower_case_and_words_are_pythons()
    {
        JsonNode file = Json("bleu");
        foreach (JsonNode? one in file["lowercase_vectors"]!.AsArray()) Assert.Equal((string)one!["lower"]!, PythonText.ToLower((string)one["input"]!));
        foreach (JsonNode? one in file["split_vectors"]!.AsArray()) Assert.Equal(one!["split"]!.Texts(), PythonText.Split((string)one["input"]!));
    }

    [Theory]
    [InlineData(0.125, 2, "0.12")]
    [InlineData(0.375, 2, "0.38")]
    [InlineData(2.5, 0, "2")]
    [InlineData(3.5, 0, "4")]
    [InlineData(-0.125, 2, "-0.12")]
    [InlineData(1.005, 2, "1.00")]
    [InlineData(99.995, 2, "100.00")]
    [InlineData(0.5, 1, "0.5")]
    [InlineData(double.NaN, 4, "nan")]
    public void Numbers_are_printed_as_python_prints_them(double value, int decimals, string expected) => Assert.Equal(expected, PythonText.Fixed(value, decimals));

    [Fact]
    public void Stems_are_nltks()
    {
        JsonNode file = Json("rouge");
        (PorterStemmer nltk, PorterStemmer original) = (new(), new(PorterVariant.OriginalAlgorithm));
        foreach ((string word, JsonNode? stem) in file["stems"]!.AsObject()) Assert.Equal((string)stem!, nltk.Stem(word));
        foreach ((string word, JsonNode? stem) in file["stems_original_algorithm"]!.AsObject()) Assert.Equal((string)stem!, original.Stem(word));
    }

    [Fact]
    public void Texts_sort_by_code_points()
    {
        Assert.True(string.CompareOrdinal("\uFFFD", "\U0001F600") > 0);
        string[] rising = ["", "a", "ab", "b", "\uD83D", "\uD83Da", "\uD83D\uD83D", "\uDE00", "\uE000", "\uFFFD", "\U0001F600", "\U0001F600a", "\U0001F601"];
        for (int i = 0; i < rising.Length; i++)
        {
            for (int j = 0; j < rising.Length; j++) Assert.Equal(Math.Sign(i.CompareTo(j)), Math.Sign(CodePointComparer.Instance.Compare(rising[i], rising[j])));
        }
    }
}
