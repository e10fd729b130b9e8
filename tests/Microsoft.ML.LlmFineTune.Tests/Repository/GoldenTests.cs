using System.Diagnostics;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The golden checks: one test for each area of the shared fixtures, by the program that ./test.sh --golden runs.</summary>
public sealed class GoldenTests
{
    private const string Tests = "Microsoft.ML.LlmFineTune.Tests";

    [Theory]
    [InlineData("mlnet")]
    [InlineData("torchsharp")]
    [InlineData("tokenizers")]
    [InlineData("chat-templates")]
    [InlineData("models")]
    [InlineData("minilm")]
    [InlineData("training")]
    [InlineData("generation")]
    [InlineData("metrics")]
    public async Task Area_agrees_with_the_reference(string area)
    {
        _ = SharedFixtures.Path($"golden/{area}");
        await Agrees(SharedFixtures.Path("golden"), area);
    }

    /// <summary>The same for the small part of the fixtures that the repository holds itself.</summary>
    [Theory]
    [InlineData("tokenizers")]
    [InlineData("generation")]
    [InlineData("training")]
    public async Task Own_fixtures_agree_with_the_reference(string area) => await Agrees(Path.Combine(AppContext.BaseDirectory, "Fixtures", "golden"), area);

    private static async Task Agrees(string fixtures, string area)
    {
        ProcessStartInfo start = new(DotnetHost()) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in new[] { Program(), fixtures, area, "--failed" }) start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        string summary = output.TrimEnd().Split('\n')[^1];
        TestContext.Current.TestOutputHelper?.WriteLine(output);
        Assert.True(process.ExitCode == 0, output + await errors);
        Assert.Matches(@"^\d+ passed, 0 failed, \d+ unsupported$", summary);
        Assert.SkipWhen(summary.StartsWith("0 passed", StringComparison.Ordinal), $"Nothing of {area} is supported yet: {summary}.");
    }

    /// <summary>The golden program stands in the same configuration and mode as these tests.</summary>
    private static string Program()
    {
        string folder = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar).Replace($"{Path.DirectorySeparatorChar}{Tests}{Path.DirectorySeparatorChar}", $"{Path.DirectorySeparatorChar}Golden{Path.DirectorySeparatorChar}", StringComparison.Ordinal);
        string program = Path.Combine(folder, "Golden.dll");
        Assert.True(File.Exists(program), $"{program} is not there: build tests/Golden, or the solution.");
        return program;
    }

    private static string DotnetHost() => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
}
