using System.Globalization;
using System.Text.Json;
using Golden.Compilation;

namespace Golden.Mlnet;

/// <summary>textloader.json: LoadFromTextFile, CreateTextLoader, SaveAsText, SaveAsBinary.</summary>
internal sealed class TextLoaderReader : MlnetReader
{
    private const string TwoColumns = "new[] { new TextLoader.Column(\"T\", DataKind.String, 0), new TextLoader.Column(\"F\", DataKind.Single, 1) }";

    public override IEnumerable<Source> Classes(JsonElement fixture) => fixture.GetProperty("classes").EnumerateArray().Select((c, i) => new Source($"class {i}", c.GetString()!));

    public override string? Body(JsonElement fixtureCase, JsonElement fixture)
    {
        var expression = Expression(fixtureCase);
        return expression is null ? null : Context + TableAndOther + "var path = Path.Combine(dir, \"data.txt\");\n" + Files(fixtureCase.GetProperty("input")) + Return(expression);
    }

    /// <summary>Statements that write the files of the input.</summary>
    private static string Files(JsonElement input)
    {
        if (input.ValueKind != JsonValueKind.Object || input.TryGetProperty("columns", out _)) return "";
        var text = "";
        var encoding = input.TryGetProperty("encoding", out var name) ? name.GetString() switch { "utf-16-le-with-mark" => ", Encoding.Unicode", "utf-16-be-with-mark" => ", Encoding.BigEndianUnicode", _ => ", null" } : "";
        foreach (var file in input.EnumerateObject())
        {
            var path = file.Name switch { "content" => "path", "content2" => "Path.Combine(dir, \"second.txt\")", "encoding" or "changedTo" => null, _ => $"Path.Combine(dir, {CSharp.Text(file.Name)})" };
            if (path is not null) text += $"File.WriteAllText({path}, {CSharp.Literal(file.Value)}{encoding});\n";
        }
        return text;
    }

    private static string? Expression(JsonElement c)
    {
        var call = c.GetProperty("call").GetString()!;
        const string GenericCall = ">(path, separatorChar, hasHeader, allowQuoting, trimWhitespace, allowSparse)";
        if (call.StartsWith("Data.LoadFromTextFile<", StringComparison.Ordinal) && call.EndsWith(GenericCall, StringComparison.Ordinal))
        {
            var row = call["Data.LoadFromTextFile<".Length..^GenericCall.Length];
            var options = c.GetProperty("options");
            return $"Dump(ml.Data.LoadFromTextFile<{row}>(path, separatorChar: {CSharp.Char(options.GetProperty("separatorChar"))}, {CSharp.Named(c, "hasHeader", "allowQuoting", "trimWhitespace", "allowSparse")}))";
        }
        return call switch
        {
            "Data.LoadFromTextFile(path, new TextLoader.Options { Columns, ... })" => $"Dump(ml.Data.LoadFromTextFile(path, new TextLoader.Options {{ Columns = {Columns(c)}{Members(c)} }}))",
            "Data.LoadFromTextFile(path, new TextLoader.Options())" => "Dump(ml.Data.LoadFromTextFile(path, new TextLoader.Options()))",
            "Data.LoadFromTextFile" => $"Dump(ml.Data.LoadFromTextFile(path, {Columns(c)}))",
            "Data.LoadFromTextFile<FlatRow>(no such file)" => "Dump(ml.Data.LoadFromTextFile<FlatRow>(Path.Combine(dir, \"none.txt\")))",
            "Data.LoadFromTextFile<FlatRow>((string)null)" => "Dump(ml.Data.LoadFromTextFile<FlatRow>((string)null))",
            "CreateTextLoader(...).Load(path1, path2)" => $"Dump(ml.Data.CreateTextLoader({TwoColumns}).Load(path, Path.Combine(dir, \"second.txt\")))",
            "CreateTextLoader(..., hasHeader: true).Load(path1, path2)" => $"Dump(ml.Data.CreateTextLoader({TwoColumns}, hasHeader: true).Load(path, Path.Combine(dir, \"second.txt\")))",
            "Data.LoadFromTextFile(folder/*.txt)" => $"Dump(ml.Data.LoadFromTextFile(Path.Combine(dir, \"*.txt\"), {TwoColumns}))",
            "LoadFromTextFile: GetRowCount, CanShuffle" => $$"""{ var view = ml.Data.LoadFromTextFile(path, {{TwoColumns}}); return O("rowCount", view.GetRowCount(), "canShuffle", view.CanShuffle, "type", view.GetType().FullName); }""",
            "file changed after LoadFromTextFile, before reading" =>
                $$"""{ var view = ml.Data.LoadFromTextFile(path, {{TwoColumns}}); var before = Column(view, "T"); File.WriteAllText(path, {{CSharp.Literal(c.GetProperty("input").GetProperty("changedTo"))}}); return O("before", before, "after", Column(view, "T")); }""",
            "Data.SaveAsText(data, stream, separatorChar, headerRow, schema, keepHidden, forceDense)" => SaveAsText(c),
            "SaveAsText of CopyColumns(\"F\", \"D\") output, keepHidden false and true" => """
                {
                    var view = ml.Transforms.CopyColumns("F", "D").Fit(t).Transform(t);
                    string Saved(bool keep) { using var stream = new MemoryStream(); ml.Data.SaveAsText(view, stream, keepHidden: keep); return Encoding.UTF8.GetString(stream.ToArray()); }
                    return O("keepHiddenFalse", Saved(false), "keepHiddenTrue", Saved(true));
                }
                """,
            "SaveAsText, then LoadFromTextFile with allowQuoting, hasHeader false" =>
                $$"""{ using (var stream = File.Create(path)) ml.Data.SaveAsText(t, stream, headerRow: false, schema: false, forceDense: true); return Dump(ml.Data.LoadFromTextFile(path, {{Columns(c)}}, allowQuoting: true, hasHeader: false)); }""",
            "SaveAsText with schema, then LoadFromTextFile(path, new TextLoader.Options()): the loader reads the schema comment" =>
                """{ using (var stream = File.Create(path)) ml.Data.SaveAsText(t, stream); return Dump(ml.Data.LoadFromTextFile(path, new TextLoader.Options())); }""",
            "SaveAsBinary, LoadFromBinary" => Binary(c),
            "SaveAsBinary of CopyColumns(\"F\", \"D\") output, keepHidden false and true" => """
                {
                    var view = ml.Transforms.CopyColumns("F", "D").Fit(t).Transform(t);
                    object Saved(bool keep) { using (var stream = File.Create(path + keep)) ml.Data.SaveAsBinary(view, stream, keepHidden: keep); return Schema(ml.Data.LoadFromBinary(path + keep).Schema); }
                    return O("keepHiddenFalse", Saved(false), "keepHiddenTrue", Saved(true));
                }
                """,
            "LoadFromBinary(no such file)" => "Dump(ml.Data.LoadFromBinary(Path.Combine(dir, \"none.idv\")))",
            "LoadFromBinary(text file)" => "{ File.WriteAllText(path, \"hello\"); return Dump(ml.Data.LoadFromBinary(path)); }",
            _ => null,
        };
    }

    private static string SaveAsText(JsonElement c) => $$"""
        {
            using var stream = new MemoryStream();
            ml.Data.SaveAsText(t, stream, separatorChar: {{CSharp.Char(c.GetProperty("options").GetProperty("separatorChar"))}}, {{CSharp.Named(c, "headerRow", "schema", "keepHidden", "forceDense")}});
            return O("text", Encoding.UTF8.GetString(stream.ToArray()), "bytesAtStart", stream.ToArray().Take(3).Select(b => (int)b));
        }
        """;

    /// <summary>What besides the dump is asked of a binary file stands in the expected answer.</summary>
    private static string? Binary(JsonElement c)
    {
        var members = new List<string>();
        foreach (var member in c.GetProperty("expected").EnumerateObject())
        {
            var value = member.Name switch { "dump" => "Dump(view)", "rowCount" => "view.GetRowCount()", "canShuffle" => "view.CanShuffle", "type" => "view.GetType().FullName", "magic" => "File.ReadAllBytes(path).Take(8).Select(b => (int)b)", _ => null };
            if (value is null) return null;
            members.Add($"{CSharp.Text(member.Name)}, {value}");
        }
        return $$"""{ using (var stream = File.Create(path)) ml.Data.SaveAsBinary(t, stream); var view = ml.Data.LoadFromBinary(path); return O({{string.Join(", ", members)}}); }""";
    }

    /// <summary>"Name:Kind:fields[:keyCount]" as columns.</summary>
    private static string Columns(JsonElement c) => $"new[] {{ {string.Join(", ", c.GetProperty("options").GetProperty("columns").EnumerateArray().Select(column => Column(column.GetString()!.Split(':'))))} }}";

    private static string Column(string[] parts)
    {
        var ranges = string.Join(", ", parts[2].Split(',').Select(Range));
        var keys = parts.Length > 3 ? $", new KeyCount({parts[3]})" : "";
        return $"new TextLoader.Column({CSharp.Text(parts[0])}, DataKind.{parts[1]}, new[] {{ {ranges} }}{keys})";
    }

    private static string Range(string field) => field.Split('-') switch
    {
        [var only] => $"new TextLoader.Range({only})",
        [var first, "*"] => $"new TextLoader.Range({first}, null)",
        [var first, var last] => $"new TextLoader.Range({first}, {last})",
        _ => throw new FormatException($"The field '{field}' is not known to this reader."),
    };

    private static string Members(JsonElement c)
    {
        if (c.GetProperty("options").GetProperty("options") is not { ValueKind: JsonValueKind.Object } options) return "";
        return string.Concat(options.EnumerateObject().Select(option => $", {option.Name} = " + option.Name switch
        {
            "Separators" => $"new[] {{ {string.Join(", ", option.Value.GetString()!.Select(separator => $"(char){((int)separator).ToString(CultureInfo.InvariantCulture)}"))} }}",
            "EscapeChar" or "DecimalMarker" => CSharp.Char(option.Value),
            _ => CSharp.Literal(option.Value),
        }));
    }

    public override bool Skips(JsonElement fixtureCase, string path) => path == ".type";
}
