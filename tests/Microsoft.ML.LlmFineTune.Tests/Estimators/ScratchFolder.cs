namespace Microsoft.ML.LlmFineTune.Tests.Estimators;

/// <summary>Folders for what tests write, deleted when the process ends.</summary>
internal static class ScratchFolder
{
    private static readonly string Root = Create();
    private static int _count;

    internal static string New() => Directory.CreateDirectory(Path.Combine(Root, $"{Interlocked.Increment(ref _count)}")).FullName;

    private static string Create()
    {
        string root = Directory.CreateTempSubdirectory("llmfinetune-test-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(root, recursive: true);
        return root;
    }
}
