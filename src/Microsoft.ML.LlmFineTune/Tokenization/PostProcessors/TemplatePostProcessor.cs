using System.Globalization;
using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class TemplatePostProcessor : TokenPostProcessor
{
    private readonly TemplatePiece[] _single;
    private readonly TemplatePiece[] _pair;
    private readonly SortedDictionary<string, TemplateToken> _tokens;

    /// <summary>A template of pieces. Every special token that they name is among the tokens.</summary>
    public TemplatePostProcessor(IEnumerable<TemplatePiece> single, IEnumerable<TemplatePiece> pair, IEnumerable<TemplateToken> tokens)
    {
        (_single, _pair) = ([.. single], [.. pair]);
        _tokens = new SortedDictionary<string, TemplateToken>(StringComparer.Ordinal);
        foreach (var token in tokens)
            _tokens[token.Name] = token;
        foreach (var piece in _single.Concat(_pair))
        {
            if (piece.SpecialToken is { } name && !_tokens.ContainsKey(name))
                throw new InvalidDataException($"The template names the special token '{name}', whose ids are not given.");
        }
    }

    internal override IEnumerable<(string Token, int Id)> SpecialTokens => _tokens.Values.SelectMany(token => token.Spelled);

    public static TemplatePostProcessor Of(string single, string pair, IReadOnlyDictionary<string, int> specialTokens)
    {
        var pieces = (Single: ReadPattern(single, nameof(single)), Pair: ReadPattern(pair, nameof(pair)));
        if (!pieces.Single.Any(piece => piece.Text == 0) || pieces.Single.Any(piece => piece.Text == 1))
            throw new ArgumentException($"The pattern for one text must hold $A and no $B; it is '{single}'.", nameof(single));
        if (!pieces.Pair.Any(piece => piece.Text == 0) || !pieces.Pair.Any(piece => piece.Text == 1))
            throw new ArgumentException($"The pattern for a pair must hold $A and $B; it is '{pair}'.", nameof(pair));
        var tokens = pieces.Single.Concat(pieces.Pair).Select(piece => piece.SpecialToken).OfType<string>().Distinct().Select(name => specialTokens.TryGetValue(name, out var id)
            ? new TemplateToken(name, [id], [name])
            : throw new ArgumentException($"The patterns name the special token '{name}'; {nameof(specialTokens)} must hold its id.", nameof(specialTokens)));
        return new TemplatePostProcessor(pieces.Single, pieces.Pair, [.. tokens]);
    }

    public override int AddedTokens(bool pair) => (pair ? _pair : _single).Sum(piece => piece.SpecialToken is { } name ? _tokens[name].Ids.Length : 0);

    internal override List<EncodedTokens> Process(List<EncodedTokens> texts, bool addSpecialTokens, Func<EncodedTokens, int, string> spell)
    {
        var parts = new List<EncodedTokens>();
        foreach (var piece in texts.Count == 1 ? _single : _pair)
        {
            if (piece.SpecialToken is { } name)
            {
                if (addSpecialTokens)
                    parts.Add(EncodedTokens.Special(_tokens[name].Spelled, piece.TypeId, spell));
            }
            // The pattern for one text may name the second only in files that other programs made.
            else if (piece.Text is { } text && text < texts.Count)
            {
                // A template may name a text twice, each time with another type.
                var part = texts[text].Copy();
                part.SetTypeIds(piece.TypeId);
                part.SetSequence(text);
                parts.Add(part);
            }
        }
        return parts;
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("TemplateProcessing");
        WritePieces(writer, "single", _single);
        WritePieces(writer, "pair", _pair);
        writer.WriteStartObject("special_tokens");
        foreach (var (name, token) in _tokens)
        {
            writer.WriteStartObject(name);
            writer.WriteString("id", name);
            writer.WriteStartArray("ids");
            foreach (var id in token.Ids)
                writer.WriteNumberValue(id);
            writer.WriteEndArray();
            writer.WriteStartArray("tokens");
            foreach (var text in token.Tokens)
                writer.WriteStringValue(text);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WritePieces(Utf8JsonWriter writer, string name, TemplatePiece[] pieces)
    {
        writer.WriteStartArray(name);
        foreach (var piece in pieces)
        {
            writer.WriteStartObject();
            writer.WriteStartObject(piece.SpecialToken is null ? "Sequence" : "SpecialToken");
            writer.WriteString("id", piece.SpecialToken ?? (piece.Text == 0 ? "A" : "B"));
            writer.WriteNumber("type_id", piece.TypeId);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    // "$A", "$B:1", "$0" (the first text with type 0), "[SEP]:1".
    private static List<TemplatePiece> ReadPattern(string pattern, string name)
    {
        var pieces = new List<TemplatePiece>();
        foreach (var part in pattern.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = part.LastIndexOf(':');
            var type = 0;
            if (colon > 0 && !int.TryParse(part.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out type))
                throw new ArgumentException($"What follows the colon of '{part}' must be a type id, a number from 0.", name);
            var what = colon > 0 ? part[..colon] : part;
            pieces.Add(what switch
            {
                "$" or "$A" or "$a" => new TemplatePiece(0, null, type),
                "$B" or "$b" => new TemplatePiece(1, null, type),
                ['$', .. var digits] when int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var first) => new TemplatePiece(0, null, first),
                ['$', ..] => throw new ArgumentException($"A text must be written as $A or $B; it is '{what}'.", name),
                _ => new TemplatePiece(null, what, type),
            });
        }
        return pieces;
    }
}
