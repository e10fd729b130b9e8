// <example>
using Microsoft.ML.LlmFineTune.Checkpoints;
// </example>

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The code of docs/checkpoints.md, word for word between the marks.</summary>
internal static class CheckpointsExample
{
    public static void Run()
    {
        // <example>

        using var model = HuggingFaceFolder.LoadDecoder("my-model");
        HuggingFaceFolder.Save("my-copy", model);
        // </example>
    }
    public static void Map()
    {
        // <example>

        using var model = HuggingFaceFolder.LoadDecoder("my-model", loading: WeightLoading.Mapped);
        // </example>
    }
}
