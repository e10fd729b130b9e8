using Samples.Corpus;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Samples;

public sealed class SdkDocumentationTests
{
    [Fact]
    public void EveryTextStandsOnceUnderOneOfTwelveClasses()
    {
        IReadOnlyList<DocumentationRow> rows;
        try
        {
            rows = SdkDocumentation.Read();
        }
        catch (FileNotFoundException missing)
        {
            Assert.Skip(missing.Message);
            return;
        }
        Assert.True(rows.Count > 30_000, $"{rows.Count} rows");
        Assert.Equal(rows.Count, rows.Select(row => row.Text).Distinct().Count());
        Assert.Equal(12, rows.Select(row => row.Namespace).Distinct().Count());
        Assert.All(rows, row => Assert.True(row.Namespace.Split('.').Length <= 2, row.Namespace));
        Assert.Equal(["Event", "Field", "Method", "Property", "Type"], rows.Select(row => row.Kind).Distinct().Order());
        Assert.DoesNotContain(rows, row => row.Text != row.Text.Trim() || row.Text.Contains("  ", StringComparison.Ordinal) || row.Text.Contains('\n'));
    }
}
