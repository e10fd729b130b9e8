using System.Globalization;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>
/// The loader settings in a text file's first comment: lines after "#@" that say <c>TextLoader{ header+ sep=tab col=Name:Kind:fields ... }</c>.
/// </summary>
internal static class SchemaComment
{
    private static readonly (string Name, DataKind Kind)[] Kinds =
    [
        ("I1", DataKind.SByte), ("U1", DataKind.Byte), ("I2", DataKind.Int16), ("U2", DataKind.UInt16), ("I4", DataKind.Int32), ("U4", DataKind.UInt32),
        ("I8", DataKind.Int64), ("U8", DataKind.UInt64), ("R4", DataKind.Single), ("R8", DataKind.Double), ("TX", DataKind.String), ("BL", DataKind.Boolean),
        ("TS", DataKind.TimeSpan), ("DT", DataKind.DateTime), ("DZ", DataKind.DateTimeOffset),
    ];

    private static readonly (string Name, char Separator)[] SeparatorNames = [("tab", '\t'), ("space", ' '), ("comma", ','), ("semicolon", ';'), ("bar", '|'), ("colon", ':')];

    public static string NameOf(char separator) => Array.Find(SeparatorNames, pair => pair.Separator == separator).Name ?? separator.ToString();

    /// <summary>The setting of a column whose fields begin at an index.</summary>
    public static string Describe(DataViewSchema.Column column, int index)
    {
        var itemType = column.Type.GetItemType();
        string kind = Array.Find(Kinds, pair => pair.Kind == itemType.GetRawKind()).Name;
        if (itemType is KeyDataViewType key)
            kind += string.Create(CultureInfo.InvariantCulture, $"[{key.Count}]");
        string fields = column.Type is not VectorDataViewType vector ? $"{index}" : vector.IsKnownSize ? $"{index}-{index + vector.Size - 1}" : $"{index}-**";
        string text = $"{column.Name}:{kind}:{fields}";
        return column.Name.AsSpan().ContainsAny(" \t{}:\"") ? $"{{name={Quote(column.Name)} type={kind} src={fields}}}" : text;
    }

    private static string Quote(string name) => name.AsSpan().ContainsAny(" \t{}\"") ? $"{{{name}}}" : name;

    /// <summary>The options that a file's comment tells; null where there is none. They count only when no others were given.</summary>
    public static TextLoader.Options Read(IHost host, IMultiStreamSource source, TextLoader.Options given)
    {
        string text = source.Count == 0 ? "" : CommentOf(source);
        if (string.IsNullOrWhiteSpace(text))
            return null;
        using var channel = host.Start("Parsing options from file");
        if (!IsDefault(given))
        {
            channel.Warning("Arguments cannot be embedded in the file and in the command line. The embedded arguments will be ignored");
            return null;
        }
        var options = TextLoader.Clone(given);
        if (!TryParse(text.Trim(), options))
            throw host.Except("TextLoader options embedded in the file are invalid");
        return options;
    }

    private static string CommentOf(IMultiStreamSource source)
    {
        var parts = new List<string>();
        using var reader = source.OpenTextReader(0);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0 || line.StartsWith("//", StringComparison.Ordinal))
                continue;
            if (line[0] != '#')
                break;
            if (line.Length > 2 && line[1] == '@')
                parts.Add(line[2..].Trim());
        }
        return string.Join(' ', parts);
    }

    // Threads, the header's file and the number of rows say nothing about the format.
    private static bool IsDefault(TextLoader.Options given)
    {
        var plain = new TextLoader.Options();
        return given.Separators.AsSpan().SequenceEqual(plain.Separators) && given.DecimalMarker == plain.DecimalMarker && given.EscapeChar == plain.EscapeChar
            && !given.AllowQuoting && !given.AllowSparse && !given.HasHeader && given.InputSize == null && !given.MissingRealsAsNaNs && !given.ReadMultilines && !given.TrimWhitespace;
    }

    private static bool TryParse(string text, TextLoader.Options options)
    {
        int open = text.IndexOf('{');
        if (open < 0 || text[..open].Trim() is not ("TextLoader" or "Text") || text[^1] != '}')
            return false;
        var columns = new List<TextLoader.Column>();
        foreach (string setting in Split(text[(open + 1)..^1]))
        {
            bool good = setting switch
            {
                "header+" => options.HasHeader = true,
                "quote+" => options.AllowQuoting = true,
                "sparse+" => options.AllowSparse = true,
                "trim+" => options.TrimWhitespace = true,
                "multilines+" => options.ReadMultilines = true,
                "missingrealnan+" => options.MissingRealsAsNaNs = true,
                "header-" or "quote-" or "sparse-" or "trim-" or "multilines-" or "missingrealnan-" => true,
                _ when setting.StartsWith("sep=", StringComparison.Ordinal) => TryParseSeparators(setting[4..], options),
                _ when setting.StartsWith("size=", StringComparison.Ordinal) => TryParseSize(setting[5..], options),
                _ when setting.StartsWith("col=", StringComparison.Ordinal) => TryParseColumn(setting[4..], columns),
                _ => false,
            };
            if (!good)
                return false;
        }
        options.Columns = [.. columns];
        return columns.Count > 0;
    }

    /// <summary>Settings are separated by blanks that are not inside braces.</summary>
    private static IEnumerable<string> Split(string text)
    {
        int start = 0, depth = 0;
        for (int at = 0; at <= text.Length; at++)
        {
            char unit = at < text.Length ? text[at] : ' ';
            depth += unit == '{' ? 1 : unit == '}' ? -1 : 0;
            if (!char.IsWhiteSpace(unit) || depth > 0)
                continue;
            if (at > start)
                yield return text[start..at];
            start = at + 1;
        }
    }

    private static bool TryParseSeparators(string text, TextLoader.Options options)
    {
        options.Separators = text == "," ? [','] : text.Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(name => Array.Find(SeparatorNames, pair => pair.Name == name) is { Name: not null } pair ? pair.Separator : name[0]).ToArray();
        return options.Separators.Length > 0;
    }

    private static bool TryParseSize(string text, TextLoader.Options options)
    {
        bool good = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int size);
        options.InputSize = size;
        return good;
    }

    private static bool TryParseColumn(string text, List<TextLoader.Column> columns)
    {
        string[] parts = text.Split(':');
        if (text.StartsWith('{'))
        {
            var settings = Split(text[1..^1]).Select(setting => setting.Split('=', 2)).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1]);
            if (!settings.TryGetValue("name", out string name) || !settings.TryGetValue("type", out string type) || !settings.TryGetValue("src", out string fields))
                return false;
            parts = [name.StartsWith('{') ? name[1..^1] : name, type, fields];
        }
        if (parts.Length is < 2 or > 3)
            return false;
        var column = new TextLoader.Column { Name = parts[0] };
        if (parts.Length == 3 && !TryParseKind(parts[1], column))
            return false;
        var ranges = parts[^1].Split(',').Select(ParseRange).ToArray();
        column.Source = ranges;
        columns.Add(column);
        return !string.IsNullOrWhiteSpace(column.Name) && Array.TrueForAll(ranges, range => range != null);
    }

    private static bool TryParseKind(string text, TextLoader.Column column)
    {
        int bracket = text.IndexOf('[');
        string name = bracket < 0 ? text : text[..bracket];
        column.DataKind = Array.Find(Kinds, pair => pair.Name == name).Kind;
        if (bracket >= 0)
        {
            if (!ulong.TryParse(text[(bracket + 1)..].TrimEnd(']'), NumberStyles.None, CultureInfo.InvariantCulture, out ulong count))
                return false;
            column.KeyCount = new(count);
        }
        return column.DataKind != default;
    }

    private static TextLoader.Range ParseRange(string text)
    {
        string[] ends = text.Split('-', 2);
        if (!int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out int min))
            return null;
        if (ends.Length == 1)
            return new() { Min = min };
        return ends[1] switch
        {
            "*" => new() { Min = min, AutoEnd = true, ForceVector = true },
            "**" => new() { Min = min, VariableEnd = true, ForceVector = true },
            _ => int.TryParse(ends[1], NumberStyles.None, CultureInfo.InvariantCulture, out int max) && max >= min ? new() { Min = min, Max = max, ForceVector = true } : null,
        };
    }
}
