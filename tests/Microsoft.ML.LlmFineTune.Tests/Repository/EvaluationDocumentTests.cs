using System.Text.RegularExpressions;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Evaluation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>What docs/evaluation.md shows compiles and runs; the verbs it lists are there.</summary>
public sealed partial class EvaluationDocumentTests
{
    [Fact]
    public void The_example_is_the_one_that_is_compiled() => DocumentCode.AssertIsCompiled("evaluation.md", "EvaluationExample.cs");

    [Fact]
    public void The_example_runs()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory();
        try
        {
            TranslationRow[] good = [.. Enumerable.Range(0, 8).Select(i => new TranslationRow { Original = $"Satz {i}", GeneratedText = $"this is the sentence with number {i}", Reference = $"this is a sentence with number {i}", Source = i % 2 == 0 ? "news" : "forum" })];
            TranslationRow[] bad = [.. good.Select(row => new TranslationRow { Original = row.Original, GeneratedText = "that was it", Reference = row.Reference, Source = row.Source })];
            string file = Path.Combine(folder.FullName, "report.html");
            EvaluationReport report = EvaluationExample.Run(good, bad, ["he sings", "the rain"], texts => [.. texts.Select(text => text.StartsWith("he", StringComparison.Ordinal) ? 0.9 : 0.1)], file);
            Assert.Equal(report.ToHtml(), File.ReadAllText(file));
            Assert.Contains("Flip rate", report.ToText(), StringComparison.OrdinalIgnoreCase);
            Assert.Contains("Satz 0", report.ToHtml(), StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void The_verbs_it_lists_are_those_of_the_catalog()
    {
        string[] listed = [.. Row().Matches(Document()).SelectMany(row => Name().Matches(row.Groups[1].Value).Select(name => name.Groups[1].Value)).Order(StringComparer.Ordinal)];
        string[] verbs = [.. typeof(EvaluationCatalog).GetMethods().Where(method => method.DeclaringType == typeof(EvaluationCatalog) && method.Name != nameof(EvaluationCatalog.Compare)).Select(method => method.Name).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(verbs, listed);
    }

    private static string Document() => DocumentCode.Text("evaluation.md");

    [GeneratedRegex(@"^\| [^|`]+ \| ([^|]+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"`(\w+)`")]
    private static partial Regex Name();
}
