using System.Diagnostics;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators;

/// <summary>Runs one test of this assembly in a process of its own, where nothing has touched the library yet.</summary>
internal static class FreshProcess
{
    private const string PathVariable = "LLMFINETUNE_TEST_MODEL";

    /// <summary>Runs a test, which finds the path by <see cref="ModelPath"/>, and demands that it passes.</summary>
    internal static void Run(Type tests, string method, string modelPath)
    {
        var start = new ProcessStartInfo(Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath! : "dotnet",
            [tests.Assembly.Location, "-method", $"{tests.FullName}.{method}"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment[PathVariable] = modelPath;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd() + errors.Result;
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output);
    }

    /// <summary>The path that was given to <see cref="Run"/>; skips the test in any other process.</summary>
    internal static string ModelPath()
    {
        string? path = Environment.GetEnvironmentVariable(PathVariable);
        Assert.SkipWhen(path is null, "Runs in a process of its own, started by another test.");
        Assert.DoesNotContain(AppDomain.CurrentDomain.GetAssemblies(), assembly => assembly.GetName().Name == "Microsoft.ML.LlmFineTune.Doors");
        return path;
    }
}
