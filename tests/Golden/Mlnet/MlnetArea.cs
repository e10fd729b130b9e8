using System.Text.Json;
using Golden.Comparison;
using Golden.Compilation;
using Golden.Replay;

namespace Golden.Mlnet;

/// <summary>What ML.NET answers: cases with code are compiled as they are, the others are written as code by the reader of their file.</summary>
internal sealed class MlnetArea : FixtureArea
{
    private const string CommonUsings = """
        global using System;
        global using System.Buffers;
        global using System.Collections.Generic;
        global using System.Globalization;
        global using System.IO;
        global using System.IO.Compression;
        global using System.Linq;
        global using System.Text;
        global using System.Threading;
        global using MlnetFixtures;
        global using static Answers;
        """;

    public override string Name => "mlnet";

    public override IEnumerable<CaseResult> Run(string folder, RunOptions options)
    {
        var shared = new StrippingCompiler(References.Of(options.CompileAgainst));
        var fixtures = shared.Support("MlnetFixtures",
            [FixtureFolder.Companion(folder, "classes.cs"), FixtureFolder.Companion(folder, "toy-tokenizer.cs"), .. new[] { "Answers.cs", "Inputs.cs", "Dumps.cs", "Measured.cs", "TokenizerCalls.cs" }.Select(Source.Support)]);
        foreach (var path in Directory.GetFiles(folder, "*.json").Order(StringComparer.Ordinal))
        {
            var file = Path.GetFileName(path);
            if (!options.WantsFile(file)) continue;
            using var fixture = JsonDocument.Parse(File.ReadAllBytes(path));
            var reader = MlnetReader.Of(file);
            if (reader is null)
            {
                foreach (var c in fixture.RootElement.GetProperty("cases").EnumerateArray()) yield return CaseResult.Unsupported($"{Name}/{file}", c.GetProperty("name").GetString()!, "no reader for this file");
                continue;
            }
            var cases = fixture.RootElement.GetProperty("cases").EnumerateArray().Select((c, index) => Case(reader, c, fixture.RootElement, index)).ToList();
            var replayed = new ReplayedFile($"{Name}/{file}", path, shared.With(fixtures.Reference()), [fixtures])
            {
                Beside = [new Source("usings", CommonUsings + "\n" + reader.Usings), .. reader.Classes(fixture.RootElement)],
                WorkingFolder = Path.GetTempPath(),
            };
            foreach (var result in replayed.Run(cases, options, (c, answer) => Judge($"{Name}/{file}", reader, c, answer))) yield return result;
        }
    }

    private static ReplayedCase Case(MlnetReader reader, JsonElement c, JsonElement fixture, int index)
    {
        var name = c.GetProperty("name").GetString()!;
        var body = reader.Body(c, fixture);
        return body is null ? new ReplayedCase(index, name, null, $"the description is not known to this reader: {c.GetProperty("call").GetString()}") : new ReplayedCase(index, name, "Answers.Folder = dir;\n" + body);
    }

    private static CaseResult Judge(string label, MlnetReader reader, JsonElement c, ReplayAnswer answer)
    {
        var name = c.GetProperty("name").GetString()!;
        if (answer.Json is null) return new CaseResult(label, name, Verdict.Failed, "nothing", null, answer.Broken);
        using var actual = JsonDocument.Parse(answer.Json);
        // What the runtime says of files differs from platform to platform.
        if (c.GetProperty("options") is { ValueKind: JsonValueKind.Object } options && options.TryGetProperty("platform", out _))
        {
            var same = actual.RootElement.ValueKind == JsonValueKind.Object && actual.RootElement.TryGetProperty("error", out _);
            return new CaseResult(label, name, same ? Verdict.Passed : Verdict.Failed, "that there is an error", null, same ? null : "no error");
        }
        var comparison = new JsonComparison(path => reader.Tolerance(name, path), 1e-6) { Special = (comparison, expected, got, path) => reader.Skips(c, path) || Special(reader, comparison, expected, got, path) };
        comparison.Compare(c.GetProperty("expected"), actual.RootElement);
        return new CaseResult(label, name, comparison.Mismatch is null ? Verdict.Passed : Verdict.Failed, $"{comparison.Values} values", comparison.Numbers > 0 ? comparison.LargestError : null, comparison.Mismatch);
    }

    private static bool Special(MlnetReader reader, JsonComparison comparison, JsonElement expected, JsonElement actual, string path)
    {
        if (expected.ValueKind == JsonValueKind.String && actual.ValueKind == JsonValueKind.String && expected.GetString() != actual.GetString()) return reader.SameText(expected.GetString()!, actual.GetString()!);
        if (expected.ValueKind != JsonValueKind.Object) return false;
        // Whether a vector is sparse is nobody's business: answers are dense.
        if (expected.TryGetProperty("sparse", out _) && expected.TryGetProperty("indices", out var indices))
        {
            using var dense = JsonDocument.Parse(Dense(expected.GetProperty("length").GetInt32(), indices, expected.GetProperty("values"), actual));
            comparison.Compare(dense.RootElement, actual, path);
            return true;
        }
        // Messages of the runtime's own input and output are not ML.NET's.
        if (expected.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.GetString()!.StartsWith("System.IO.", StringComparison.Ordinal)
            && actual.ValueKind == JsonValueKind.Object && actual.TryGetProperty("type", out var actualType))
        {
            comparison.Compare(type, actualType, path + ".type");
            return true;
        }
        return false;
    }

    private static string Dense(int length, JsonElement indices, JsonElement values, JsonElement actual)
    {
        // A vector of defaults alone does not tell its type: there the answer does.
        var example = values.GetArrayLength() > 0 ? values[0] : actual.ValueKind == JsonValueKind.Array && actual.GetArrayLength() > 0 ? actual[0] : default;
        var text = example.ValueKind == JsonValueKind.String && example.GetString() is not ("NaN" or "Infinity" or "-Infinity");
        var boolean = example.ValueKind is JsonValueKind.True or JsonValueKind.False;
        var items = Enumerable.Repeat(text ? "\"\"" : boolean ? "false" : "0", length).ToArray();
        foreach (var (index, value) in indices.EnumerateArray().Zip(values.EnumerateArray())) items[index.GetInt32()] = value.GetRawText();
        return $"[{string.Join(',', items)}]";
    }
}
