// <example>
using Microsoft.ML.LlmFineTune.Checkpoints;
// </example>

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The code of docs/hub.md, word for word between the marks.</summary>
internal static class HubExample
{
    public static string Run()
    {
        // <example>

        HubSnapshot snapshot = HubDownload.Snapshot(new HubRepository("distilbert/distilgpt2"));
        using var model = HuggingFaceFolder.LoadDecoder(snapshot.Folder);
        // </example>
        return model.Config.Family;
    }
}
