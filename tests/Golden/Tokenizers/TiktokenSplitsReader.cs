using System.Text.Json.Nodes;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Golden.Tokenizers;

/// <summary>tokenizers/tiktoken/splits.json: the pieces of public split patterns, by the translated expression and, where the library has one, by the pattern's scanner.</summary>
internal sealed class TiktokenSplitsReader : CaseReader
{
    private readonly Dictionary<string, CodePointRegex> _regexes = new(StringComparer.Ordinal);
    private Dictionary<string, string>? _texts;

    public override bool Reads(string file) => file == "tiktoken/splits.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        _texts ??= JsonNode.Parse(File.ReadAllText(Path.Combine(c.Area, "encode", "texts.json")))!.AsArray().ToDictionary(text => (string)text!["name"]!, text => (string)text!["text"]!, StringComparer.Ordinal);
        var text = _texts[c["text"].GetString()!];
        foreach (var pattern in c.Root.GetProperty("patterns").EnumerateObject())
        {
            if (!c[pattern.Name].IsGiven()) continue;
            var expected = c[pattern.Name].ToTexts();
            tally.Sequence($"{pattern.Name} by the expression", expected, Pieces(Regex(pattern.Value.GetString()!, useSplitter: false), text));
            var regex = Regex(pattern.Value.GetString()!, useSplitter: true);
            if (regex.Splitter is not null) tally.Sequence($"{pattern.Name} by the scanner", expected, Pieces(regex, text));
        }
    }

    private CodePointRegex Regex(string pattern, bool useSplitter)
    {
        var key = $"{useSplitter} {pattern}";
        if (!_regexes.TryGetValue(key, out var regex)) _regexes.Add(key, regex = CodePointRegex.Parse(pattern, RegexFlavor.Rust, useSplitter: useSplitter));
        return regex;
    }

    private static List<string> Pieces(CodePointRegex regex, string text)
    {
        var pieces = new List<string>();
        var matcher = regex.Over(text);
        for (var at = 0; at < text.Length && matcher.TryMatch(at, out var index, out var length) && length > 0; at = index + length) pieces.Add(text.Substring(index, length));
        return pieces;
    }
}
