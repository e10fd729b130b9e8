using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>Where a model is read from: a folder of this machine, or else a repository of a hub.</summary>
/// <param name="Folder">The folder that has its files.</param>
/// <param name="Name">What its reader called it, as it was given: a folder, or a repository of the hub. Adapters of the model name their base by it.</param>
/// <param name="Revision">The repository's revision; null where none was asked for.</param>
internal sealed record ModelSource(string Folder, string Name, string? Revision = null)
{
    /// <summary>The source of a name; downloaded where it is one of a hub.</summary>
    /// <param name="folderOrName">A folder; or "organisation/name" of a hub, perhaps with "@revision" behind it.</param>
    /// <param name="hub">Where to download from; null: what huggingface_hub's environment variables say.</param>
    /// <param name="cancellation">Ends the download.</param>
    /// <exception cref="DirectoryNotFoundException">It is no folder, and can't be the name of a repository.</exception>
    /// <exception cref="HubException">It is no folder, and the hub's model could not be had.</exception>
    internal static ModelSource Of(string folderOrName, HubOptions? hub, CancellationToken cancellation)
    {
        if (Directory.Exists(Require.Text(folderOrName)))
            return new ModelSource(folderOrName, folderOrName);
        try
        {
            string[] parts = folderOrName.Split('@', 2);
            var repository = new HubRepository(parts[0]);
            string? revision = parts.Length == 1 ? null : parts[1];
            string folder = HubDownload.Snapshot(revision is null ? repository : repository with { Revision = revision }, hub, cancellation: cancellation).Folder;
            return new ModelSource(folder, parts[0], revision);
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
