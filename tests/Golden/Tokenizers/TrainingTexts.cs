using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Golden.Library;

namespace Golden.Tokenizers;

/// <summary>The texts that a fixture's trainer was fed, from their description.</summary>
internal static class TrainingTexts
{
    public static string[] Of(FixtureCase c)
    {
        var description = c["documents"].GetString()!;
        string[] texts;
        if (c["documents_text"].IsGiven())
            texts = c["documents_text"].ToTexts();
        else if (description.StartsWith("contexts of every paragraph of qa/xquad", StringComparison.Ordinal))
            texts = [.. description.Split("files in the order ")[1].Split(',')[0].Split('-').SelectMany(language => Contexts(c, language))];
        else
            texts = Lines(c.Data(description[..description.IndexOf(':', StringComparison.Ordinal)]));
        if (c["document_count"].IsGiven())
            texts = texts[..Math.Min(texts.Length, c["document_count"].GetInt32())];
        return texts;
    }

    /// <summary>The hash that fixtures give of their texts.</summary>
    public static string Hash(string[] texts) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', texts))));

    private static string[] Lines(string path)
    {
        var lines = File.ReadAllText(path).Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n');
        return lines[^1].Length == 0 ? lines[..^1] : lines;
    }

    private static IEnumerable<string> Contexts(FixtureCase c, string language) =>
        from article in JsonNode.Parse(File.ReadAllText(c.Data($"qa/xquad/xquad.{language}.json")))!["data"]!.AsArray()
        from paragraph in article!["paragraphs"]!.AsArray()
        select (string)paragraph!["context"]!;
}
