using System.Text;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Data;

/// <summary>Reads plain text files (UTF-8, or what a byte order mark says).</summary>
public static class PlainTextReader
{
    /// <summary>The whole file as one document.</summary>
    public static TextDocument ReadFile(string path) => new(File.ReadAllText(Require.Text(path)));

    /// <summary>A document a line, empty lines left out.</summary>
    public static IEnumerable<TextDocument> ReadLines(string path) =>
        File.ReadLines(Require.Text(path)).Where(line => !string.IsNullOrWhiteSpace(line)).Select(line => new TextDocument(line));

    /// <summary>A document a paragraph: lines up to an empty one, joined by line feeds.</summary>
    public static IEnumerable<TextDocument> ReadParagraphs(string path)
    {
        Require.Text(path);
        return Paragraphs(path);
    }

    private static IEnumerable<TextDocument> Paragraphs(string path)
    {
        var paragraph = new StringBuilder();
        foreach (var line in File.ReadLines(path).Append(""))
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                paragraph.Append(paragraph.Length > 0 ? "\n" : "").Append(line);
            }
            else if (paragraph.Length > 0)
            {
                yield return new TextDocument(paragraph.ToString());
                paragraph.Clear();
            }
        }
    }
}
