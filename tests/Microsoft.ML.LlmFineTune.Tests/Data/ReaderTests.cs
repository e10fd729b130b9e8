using Microsoft.ML.LlmFineTune.Data;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Data;

public sealed class ReaderTests
{
    [Fact]
    public void Plain_text_by_file_line_and_paragraph()
    {
        using var file = new TemporaryFile("a.txt", "one\ntwo\r\n\n  \nthree");
        Assert.Equal("one\ntwo\r\n\n  \nthree", PlainTextReader.ReadFile(file.Path).Text);
        Assert.Equal(["one", "two", "three"], PlainTextReader.ReadLines(file.Path).Select(document => document.Text));
        Assert.Equal(["one\ntwo", "three"], PlainTextReader.ReadParagraphs(file.Path).Select(document => document.Text));
    }

    [Fact]
    public void Json_lines()
    {
        using var file = new TemporaryFile("a.jsonl", "{\"text\":\"one\",\"label\":\"x\"}\n\n{\"label\":2,\"text\":\"t\\u00e9\"}\n");
        Assert.Equal(["one", "té"], JsonLinesReader.ReadDocuments(file.Path).Select(document => document.Text));
        Assert.Equal([new LabeledText("one", "x"), new LabeledText("té", "2")], JsonLinesReader.ReadLabeled(file.Path));
    }

    [Theory]
    [InlineData("[1]", "a JSON object is required; the line holds an array.")]
    [InlineData("{\"words\":1}", "the field 'text' is missing; there are 'words'.")]
    [InlineData("{\"text\":1}", "the field 'text' must be a string; it is a number.")]
    [InlineData("{\"text\":", "")]
    public void Json_lines_name_the_line(string line, string message)
    {
        using var file = new TemporaryFile("a.jsonl", "{\"text\":\"fine\"}\n\n" + line);
        var error = Assert.Throws<InvalidDataException>(() => JsonLinesReader.ReadDocuments(file.Path).ToList());
        Assert.Contains("a.jsonl, line 3: " + message, error.Message, StringComparison.Ordinal);
    }
}
