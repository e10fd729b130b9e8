namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>What is said where a file of a folder is not there: what the folder seems to be, and what to do.</summary>
internal static class FolderFault
{
    /// <summary>The error for a file of JSON that a folder lacks.</summary>
    public static FileNotFoundException Lacks(string folder, string name) => new(ReasonOf(folder, name), Path.Combine(folder, name));

    /// <summary>Demands that a file, where it is a link, leads to one that is there: the hub's cache is made of links, and folders of it are copied without what they lead to.</summary>
    /// <exception cref="FileNotFoundException">It does not.</exception>
    public static void RequireTarget(string path)
    {
        if (new FileInfo(path) is { LinkTarget: string target } link && link.ResolveLinkTarget(returnFinalTarget: true)?.Exists == false)
            throw new FileNotFoundException($"'{path}' is a link to '{target}', which is not there: a download was not finished, or the folder was copied without what its links lead to. Download it again, or copy it with 'cp -rL'.", path);
    }

    private static string ReasonOf(string folder, string name)
    {
        if (File.Exists(folder)) return $"'{folder}' is a file; the folder that holds {name} is needed.";
        if (!Directory.Exists(folder)) return $"There is no folder '{folder}'. If it is a model of the hub, get it with HubDownload.Snapshot and give the folder of its answer.";
        bool IsThere(string other) => File.Exists(Path.Combine(folder, other));
        return $"'{folder}' has no {name}: " + name switch
        {
            "config.json" when IsThere("adapter_config.json") => "it is the folder of an adapter. Read it with PeftFolder, on its base model.",
            "adapter_config.json" when IsThere("config.json") => "it is the folder of a model, not of an adapter. Read it with HuggingFaceFolder.",
            "adapter_config.json" => "it is not the folder of an adapter, or a part of it is missing.",
            "modules.json" when IsThere("config.json") => "it is the folder of a model without what sentence-transformers writes beside it. Read it with HuggingFaceFolder.LoadTextEmbedder.",
            _ => "it is not a model folder, or a part of it is missing.",
        };
    }
}
