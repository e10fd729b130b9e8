/// <summary>What has to happen once in a process before its first case.</summary>
internal static class TorchSharpStart
{
    private static bool _done;

    public static void Once()
    {
        if (_done) return;
        _done = true;
        torch.set_num_threads(1);
    }
}
