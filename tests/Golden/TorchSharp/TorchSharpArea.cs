using System.Text.Json;
using Golden.Compilation;
using Golden.Replay;

namespace Golden.TorchSharp;

/// <summary>What TorchSharp answers: every case is a call in C#.</summary>
internal sealed class TorchSharpArea : FixtureArea
{
    public override string Name => "torchsharp";

    public override IEnumerable<CaseResult> Run(string folder, RunOptions options)
    {
        var references = References.Of(options.CompileAgainst);
        var shared = new StrippingCompiler(references);
        var classes = shared.Support("Fixtures", [FixtureFolder.Companion(folder, "classes.cs"), FixtureFolder.Companion(folder, "helpers.cs"), new Source("friends", "[assembly: System.Runtime.CompilerServices.InternalsVisibleTo(\"Cases\")]")]);
        var usings = new Source("usings", string.Join('\n', FixtureFolder.Companion(folder, "helpers.cs").Text.Split('\n').Where(line => line.StartsWith("global using ", StringComparison.Ordinal))));
        foreach (var path in Directory.GetFiles(folder, "*.json").Order(StringComparer.Ordinal))
        {
            var file = Path.GetFileName(path);
            if (!options.WantsFile(file)) continue;
            var compiler = shared.With(classes.Reference());
            var replayed = new ReplayedFile($"{Name}/{file}", path, compiler, [classes]) { Beside = [usings, Source.Support("TorchSharpStart.cs")], First = ["problem"] };
            foreach (var result in replayed.Run(Cases(path), options, (fixtureCase, answer) => TorchSharpJudge.Judge($"{Name}/{file}", fixtureCase, answer))) yield return result;
        }
    }

    private static List<ReplayedCase> Cases(string path)
    {
        using var fixture = JsonDocument.Parse(File.ReadAllBytes(path));
        return fixture.RootElement.GetProperty("cases").EnumerateArray().Select((c, index) => Case(c, index)).ToList();
    }

    private static ReplayedCase Case(JsonElement c, int index)
    {
        var name = c.GetProperty("name").GetString()!;
        if (!c.TryGetProperty("call", out var call) || call.ValueKind != JsonValueKind.String) return new ReplayedCase(index, name, null, "the case has no call");
        var body = new StringWriter();
        body.WriteLine("TorchSharpStart.Once();");
        if (c.TryGetProperty("declare", out var declared))
        {
            foreach (var (variable, type) in declared.EnumerateObject().Select(p => (p.Name, p.Value.GetString()!)))
            {
                var place = new[] { "input", "options" }.FirstOrDefault(place => c.TryGetProperty(place, out var values) && values.ValueKind == JsonValueKind.Object && values.TryGetProperty(variable, out _));
                if (place is null) return new ReplayedCase(index, name, null, $"'{variable}' is declared, but neither input nor options has it");
                body.WriteLine(type.StartsWith("Func<", StringComparison.Ordinal)
                    ? $"{type} {variable} = {c.GetProperty(place).GetProperty(variable).GetString()};"
                    : $"{type} {variable} = Json.Read<{type}>(fixtureCase.GetProperty(\"{place}\").GetProperty(\"{variable}\"));");
            }
        }
        body.WriteLine($"return Json.Answer(() => {call.GetString()});");
        var ends = c.GetProperty("expected") is { ValueKind: JsonValueKind.Object } expected && expected.TryGetProperty("process_ends", out _);
        return new ReplayedCase(index, name, body.ToString(), Alone: ends);
    }
}
