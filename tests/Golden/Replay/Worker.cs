using System.Reflection;
using System.Runtime.ExceptionServices;
using System.Runtime.Loader;
using System.Text.Json;

namespace Golden.Replay;

/// <summary>
/// The process that runs compiled cases. It is a process of its own because some calls of the genuine libraries end it.
/// It writes to its standard output: "begin INDEX", then "answer INDEX JSON" or "broken INDEX TEXT".
/// </summary>
internal static class Worker
{
    public const string Switch = "--worker";

    public static int Run(string jobFile)
    {
        var job = JsonSerializer.Deserialize<ReplayJob>(File.ReadAllText(jobFile))!;
        using var output = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
        Console.SetOut(TextWriter.Null);
        var loaded = job.Assemblies.Select(AssemblyLoadContext.Default.LoadFromAssemblyPath).ToList();
        AssemblyLoadContext.Default.Resolving += (_, name) => loaded.Find(assembly => assembly.GetName().Name == name.Name);
        using var fixture = JsonDocument.Parse(File.ReadAllBytes(job.FixtureFile));
        Directory.SetCurrentDirectory(job.WorkingFolder);

        foreach (var index in job.First.Except(job.Cases)) Answer(job, loaded[^1], fixture.RootElement, index);
        foreach (var index in job.Cases)
        {
            output.WriteLine($"begin {index}");
            try
            {
                output.WriteLine($"answer {index} {OneLine(Answer(job, loaded[^1], fixture.RootElement, index))}");
            }
            catch (Exception e)
            {
                output.WriteLine($"broken {index} {OneLine($"{e.GetType().FullName}: {e.Message}")}");
            }
        }
        return 0;
    }

    private static string Answer(ReplayJob job, Assembly cases, JsonElement fixture, int index)
    {
        var folder = Directory.CreateDirectory(Path.Combine(job.Scratch, ReplayJob.ClassOf(index))).FullName;
        var method = cases.GetType(ReplayJob.ClassOf(index), throwOnError: true)!.GetMethod(ReplayJob.Method)!;
        try
        {
            return (string)method.Invoke(null, [fixture.GetProperty("cases")[index], fixture, folder])!;
        }
        catch (TargetInvocationException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerException!);
            throw;
        }
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
