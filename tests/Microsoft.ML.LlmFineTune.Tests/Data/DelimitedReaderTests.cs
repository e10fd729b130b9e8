using Microsoft.ML.LlmFineTune.Data;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Data;

public sealed class DelimitedReaderTests
{
    [Theory]
    [InlineData("text,label\nhello,a\n", "hello|a")]
    [InlineData("label,text\r\na,hello\r\n", "hello|a")]
    [InlineData("text,label\rhello,a\rthere,b", "hello|a;there|b")]
    [InlineData("text,label\n\"one, two\",a", "one, two|a")]
    [InlineData("text,label\n\"she said \"\"yes\"\"\",a", "she said \"yes\"|a")]
    [InlineData("text,label\n\"two\r\nlines\",a\n", "two\r\nlines|a")]
    [InlineData("text,label\nsay \"no\",a", "say \"no\"|a")]
    [InlineData("text,label\n\"\",\"\"\n,\n", "|;|")]
    [InlineData("text,label\n\n\nhello,a\n\n", "hello|a")]
    [InlineData("\uFEFFtext,label\nhello,a", "hello|a")]
    [InlineData("text,other,label\nhello,x,a", "hello|a")]
    [InlineData("text,label", "")]
    public void Reads_rows(string content, string expected) =>
        Assert.Equal(expected, Read("data.csv", content));

    [Fact]
    public void Defaults() => Assert.Equal((null, false), (new DelimitedOptions().Separator, new DelimitedOptions().LiteralQuotes));

    [Fact]
    public void A_tsv_has_tabs_and_literal_quotes_if_asked()
    {
        Assert.Equal("a, \"b|1", Read("data.tsv", "text\tlabel\na, \"b\t1"));
        Assert.Equal("\"quoted\"|1;\"open|2", Read("data.tsv", "text\tlabel\n\"quoted\"\t1\n\"open\t2", new DelimitedOptions { LiteralQuotes = true }));
        Assert.Equal("x|1", Read("data.csv", "text;label\nx;1", new DelimitedOptions { Separator = ';' }));
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("words,label\nx,1", "has no column 'text'; it has 'words', 'label'.")]
    [InlineData("text,label\nx,1\n\"a\nb\",2\ny,3,4", "line 5: 2 fields are required, as in the first row; there are 3.")]
    [InlineData("text,label\nx,1\n\"y,2\nz,3", "line 3: a quote that opens a field is never closed.")]
    [InlineData("text,label\n\"x\"y,1", "line 2: 'y' stands after a closing quote")]
    public void Names_what_is_wrong(string content, string message)
    {
        var error = Assert.Throws<InvalidDataException>(() => Read("data.csv", content));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Contains("data.csv", error.Message, StringComparison.Ordinal);
    }

    private static string Read(string name, string content, DelimitedOptions? options = null)
    {
        using var file = new TemporaryFile(name, content);
        return string.Join(';', DelimitedReader.ReadLabeled(file.Path, "text", "label", options).Select(row => $"{row.Text}|{row.Label}"));
    }
}
