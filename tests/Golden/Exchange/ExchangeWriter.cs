using System.Diagnostics;

using Microsoft.ML.LlmFineTune.Runtime;

namespace Golden.Exchange;

/// <summary>Writes all that the library can write as folders of Hugging Face's layout, for tests/peers/transformers_folders.py to load.</summary>
internal static class ExchangeWriter
{
    public const string Switch = "--write-folders";

    /// <summary>Writes everything.</summary>
    /// <param name="target">The folder; made when missing.</param>
    /// <param name="fixtures">A folder laid out as the shared fixtures.</param>
    public static int Write(string target, string fixtures)
    {
        NativeRuntime.Initialize();
        var watch = Stopwatch.StartNew();
        FreshModels.Write(target);
        FreshModels.WriteShapes(target);
        FittedTasks.Write(target);
        FittedTasks.Copy(target, new Dictionary<string, string> { ["minilm"] = Path.Combine(fixtures, "minilm", "model"), ["stories260K"] = Path.GetFullPath(Path.Combine(fixtures, "..", "data", "checkpoints", "stories260K")) });
        if (Directory.Exists(Path.Combine(fixtures, "models"))) FixtureCopies.Write(Path.Combine(fixtures, "models"), target);
        Console.WriteLine(FormattableString.Invariant($"{Directory.GetFiles(target, "config.json", SearchOption.AllDirectories).Length} folders in {target}, written in {watch.Elapsed.TotalSeconds:0} s"));
        return 0;
    }
}
