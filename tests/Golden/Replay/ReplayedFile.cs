using System.Text.Json;
using Golden.Compilation;

namespace Golden.Replay;

/// <summary>A case as a reader hands it over for compilation: its place in the file and its C#, or why there is none.</summary>
/// <param name="Index">Place in the file's list of cases.</param>
/// <param name="Name">The case's name.</param>
/// <param name="Body">The body of <c>string Run(JsonElement fixtureCase, JsonElement fixture, string dir)</c>; null where the reader does not know the case.</param>
/// <param name="Reason">Why there is no body.</param>
/// <param name="Alone">Whether the case may end its process and so gets one of its own.</param>
internal sealed record ReplayedCase(int Index, string Name, string? Body, string? Reason = null, bool Alone = false);

/// <summary>Compiles the cases of one fixture file, runs them in workers, and gives their answers to a judge.</summary>
internal sealed class ReplayedFile(string label, string path, StrippingCompiler compiler, IReadOnlyList<CompiledAssembly> support)
{
    /// <summary>Code that stands beside the cases: usings and the file's own classes.</summary>
    public IReadOnlyList<Source> Beside { get; init; } = [];

    public string WorkingFolder { get; init; } = "/";

    /// <summary>Names of cases that have to run first in every process.</summary>
    public IReadOnlyList<string> First { get; init; } = [];

    public IEnumerable<CaseResult> Run(IReadOnlyList<ReplayedCase> cases, RunOptions options, Func<JsonElement, ReplayAnswer, CaseResult> judge)
    {
        using var fixture = JsonDocument.Parse(File.ReadAllBytes(path));
        var all = fixture.RootElement.GetProperty("cases");
        var wanted = cases.Where(c => options.WantsCase(c.Name)).ToList();
        var sources = cases.Where(c => c.Body is not null && (options.WantsCase(c.Name) || First.Contains(c.Name)))
            .Select(c => new Source(c.Name, $"public static class {ReplayJob.ClassOf(c.Index)}\n{{\npublic static string {ReplayJob.Method}(System.Text.Json.JsonElement fixtureCase, System.Text.Json.JsonElement fixture, string dir)\n{{\n{c.Body}\n}}\n}}\n"));
        var compiled = compiler.Compile("Cases", Beside, sources);

        var runnable = wanted.Where(c => c.Body is not null && !compiled.Excluded.ContainsKey(c.Name)).ToList();
        var answers = options.CompileAgainst is null ? Replay(compiled, cases, runnable) : [];
        foreach (var c in wanted)
        {
            if (c.Body is null) yield return CaseResult.Unsupported(label, c.Name, c.Reason ?? "the description is not known to this reader");
            else if (compiled.Excluded.TryGetValue(c.Name, out var error)) yield return CaseResult.Unsupported(label, c.Name, error);
            else if (options.CompileAgainst is not null) yield return new CaseResult(label, c.Name, Verdict.Passed, "compiled only");
            else yield return judge(all[c.Index], answers[c.Index]);
        }
    }

    private Dictionary<int, ReplayAnswer> Replay(CompiledAssembly compiled, IReadOnlyList<ReplayedCase> cases, List<ReplayedCase> runnable)
    {
        var scratch = Directory.CreateTempSubdirectory("golden-").FullName;
        try
        {
            var assemblies = support.Append(compiled).Select(assembly => assembly.Save(scratch)).ToArray();
            var first = cases.Where(c => First.Contains(c.Name) && c.Body is not null && !compiled.Excluded.ContainsKey(c.Name)).Select(c => c.Index).ToArray();
            var job = new ReplayJob(assemblies, path, Path.Combine(scratch, "cases"), WorkingFolder, first, runnable.Where(c => !c.Alone).Select(c => c.Index).ToArray());
            var answers = WorkerProcess.Run(job, scratch);
            foreach (var alone in runnable.Where(c => c.Alone))
                foreach (var (index, answer) in WorkerProcess.Run(job with { Cases = [alone.Index] }, scratch)) answers[index] = answer;
            return answers;
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }
}
