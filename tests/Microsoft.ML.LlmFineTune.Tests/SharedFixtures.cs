using System.Text.Json.Nodes;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests;

/// <summary>Reference data that stands beside the checkout (../shared); a test that needs it is skipped where it is absent.</summary>
internal static class SharedFixtures
{
    private static readonly string? Root = Find();

    /// <summary>Path of a file or folder of the shared data; skips the test where it isn't there.</summary>
    public static string Path(string relative)
    {
        var path = Root is null ? null : System.IO.Path.Combine(Root, relative);
        Assert.SkipUnless(path is not null && (File.Exists(path) || Directory.Exists(path)), $"../shared/{relative} is not there.");
        return path!;
    }

    public static string Text(string relative) => File.ReadAllText(Path(relative));

    public static JsonNode Json(string relative) => JsonNode.Parse(Text(relative))!;

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "LlmFineTune.sln")))
                return folder.Parent is null ? null : System.IO.Path.Combine(folder.Parent.FullName, "shared");
        }
        return null;
    }
}
