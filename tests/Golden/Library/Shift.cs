using Microsoft.ML.LlmFineTune.Batches;
using TorchSharp;
using static TorchSharp.torch;

namespace Golden.Library;

/// <summary>Labels of the fixtures are not shifted, as the reference's models shift them; a batch of the library holds them shifted.</summary>
internal static class Shift
{
    public static long[] Left(Tensor labels)
    {
        var length = (int)labels.size(1);
        long[] unshifted = [.. labels.data<long>()];
        return [.. unshifted.Select((_, i) => (i + 1) % length == 0 ? TokenBatch.Ignored : unshifted[i + 1])];
    }
}
