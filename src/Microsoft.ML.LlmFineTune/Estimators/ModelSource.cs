using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>Where a model is read from: a folder of this machine, or else a repository of a hub.</summary>
internal static class ModelSource
{
    /// <summary>The folder of a model, downloaded where the name is one of a hub.</summary>
    /// <param name="folderOrName">A folder; or "organisation/name" of a hub, perhaps with "@revision" behind it.</param>
    /// <param name="hub">Where to download from; null: what huggingface_hub's environment variables say.</param>
    /// <param name="cancellation">Ends the download.</param>
    /// <exception cref="DirectoryNotFoundException">It is no folder, and can't be the name of a repository.</exception>
    /// <exception cref="HubException">It is no folder, and the hub's model could not be had.</exception>
    internal static string FolderOf(string folderOrName, HubOptions? hub, CancellationToken cancellation)
    {
        if (Directory.Exists(Require.Text(folderOrName)))
            return folderOrName;
        try
        {
            string[] parts = folderOrName.Split('@', 2);
            var repository = new HubRepository(parts[0]);
            return HubDownload.Snapshot(parts.Length == 1 ? repository : repository with { Revision = parts[1] }, hub, cancellation: cancellation).Folder;
        }
        catch (ArgumentException error)
        {
            throw new DirectoryNotFoundException($"A model is a folder or a repository of the hub (organisation/name, or organisation/name@revision); there is no folder '{folderOrName}', and no repository can have that name.", error);
        }
        catch (HubException error)
        {
            throw new HubException(error.Kind, $"There is no folder '{folderOrName}', and of the hub: {error.Message}", error);
        }
    }
}
