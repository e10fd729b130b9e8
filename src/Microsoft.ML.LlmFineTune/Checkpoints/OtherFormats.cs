namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>What is said of a folder whose weights are not safetensors. The files are known by their names alone: none is ever opened.</summary>
internal static class OtherFormats
{
    private static readonly string[] Pickles = [".bin", ".pt", ".pth", ".ckpt", ".pkl"];

    // What trainers leave beside the weights.
    private static readonly string[] NotWeights = ["training_args", "optimizer", "scheduler", "scaler", "rng_state"];

    // What browsers and downloaders call a file that is not whole yet.
    private static readonly string[] Unfinished = [".incomplete", ".part", ".partial", ".crdownload", ".download", ".aria2"];

    private const string AdapterName = "adapter_model.safetensors";

    private static readonly (string Ending, string Format)[] Others =
        [(".h5", "TensorFlow"), (".msgpack", "Flax"), (".onnx", "ONNX"), (".gguf", "GGUF"), (".ot", "Rust"), (".npz", "NumPy")];

    /// <summary>The error for a folder without safetensors under the names that are looked for.</summary>
    public static Exception NoWeights(string folder)
    {
        string lacks = $"'{folder}' has neither {CheckpointIndex.SingleName} nor {CheckpointIndex.IndexName}";
        string[] names = Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)] : [];

        string[] parts = [.. names.Where(name => Unfinished.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase))];
        if (parts.Length > 0) return Missing($"it has {ShortList.Of(parts)}: a download was not finished. Let it go on, or begin it anew.");

        if (names.Contains(AdapterName)) return Missing($"it has {AdapterName}, the weights of an adapter. Read them with PeftFolder, on their base model.");

        string[] shards = [.. names.Where(CheckpointIndex.IsWeightsName)];
        if (shards.Length > 0) return Missing($"it has {ShortList.Of(shards)}. The index says which tensor is in which of these; copy or download it, too.");

        string[] safe = [.. names.Where(name => name.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))];
        if (safe.Length > 0) return Missing($"it has {ShortList.Of(safe)}. If that is the model's weights, name it {CheckpointIndex.SingleName}.");

        string[] pickles = [.. names.Where(IsPickle)];
        if (pickles.Length > 0)
        {
            string pattern = pickles.Length == 1 ? pickles[0] : $"{CommonStart(pickles)}*{Path.GetExtension(pickles[0])}";
            return new NotSupportedException($"{lacks}; it has {ShortList.Of(pickles)}. A pickle can run any code when it is read, so the library never opens one. If you trust it, convert it in its folder with Python: "
                + $"import glob, torch, safetensors.torch as s; s.save_file({{k: v.contiguous().clone() for f in glob.glob('{pattern}') for k, v in torch.load(f, map_location='cpu', weights_only=True).items()}}, '{CheckpointIndex.SingleName}', {{'format': 'pt'}})");
        }

        string[] others = [.. names.SelectMany(name => Others.Where(other => name.EndsWith(other.Ending, StringComparison.OrdinalIgnoreCase)).Select(other => $"{name} ({other.Format})"))];
        if (others.Length > 0) return new NotSupportedException($"{lacks}; it has {ShortList.Of(others)}, which the library does not read. Save the model as safetensors with the program that made it.");
        return new FileNotFoundException($"{lacks}, and no weights of another format: it is not a model folder, or a part of it is missing.", Path.Combine(folder, CheckpointIndex.SingleName));

        FileNotFoundException Missing(string what) => new($"{lacks}; {what}", Path.Combine(folder, CheckpointIndex.SingleName));
    }

    private static bool IsPickle(string name) =>
        Pickles.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase) && !NotWeights.Any(other => name.StartsWith(other, StringComparison.OrdinalIgnoreCase));

    private static string CommonStart(string[] names) =>
        names.Aggregate((start, name) => start[..start.Zip(name).TakeWhile(pair => pair.First == pair.Second).Count()]);
}
