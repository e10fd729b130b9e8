using System.Globalization;
using System.Text.Json;
using Microsoft.ML.LlmFineTune.Checkpoints;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>The folder of a run's saved states: which run it is, the newest states, the best weights. One run at a time has it open.</summary>
internal sealed class CheckpointFolder : IDisposable
{
    private const string IdentityName = "run.json";
    private const string LockName = "lock";
    private const string BestPrefix = "best-";
    private const string StepPrefix = "step-";

    /// <summary>Digits of a step in a folder's name, at least.</summary>
    private const int NumberLength = 10;

    private readonly CheckpointOptions _options;
    private readonly FileStream _lock;

    /// <summary>Opens the folder, making it where there is none.</summary>
    /// <exception cref="IOException">Another run has it open, or it cannot be written to.</exception>
    public CheckpointFolder(CheckpointOptions options)
    {
        _options = options;
        try
        {
            Directory.CreateDirectory(options.Folder);
            _lock = new FileStream(Path.Combine(options.Folder, LockName), FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        }
        catch (IOException error) when (IsHeld(error))
        {
            throw new IOException($"'{options.Folder}' is in use by another run. Give each run a folder of its own.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"Checkpoints.Folder must be a folder that can be written to; '{options.Folder}' is none: {error.Message} Give another place.", error);
        }
    }

    /// <summary>Which run the folder's states are of; null for an empty folder.</summary>
    /// <exception cref="InvalidDataException">The file cannot be read.</exception>
    public static IReadOnlyDictionary<string, string>? IdentityOf(string folder)
    {
        string path = Path.Combine(folder, IdentityName);
        if (!File.Exists(path)) return null;
        try
        {
            Dictionary<string, string>? identity = JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllBytes(path), StateFiles.Json);
            return identity?.ContainsValue(null!) == false ? identity : throw new JsonException("It must hold texts by name.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"'{path}' cannot be read: {error.Message} Delete '{folder}' to begin anew.", error);
        }
    }

    /// <summary>The seed of the run that the folder's states are of; null for an empty folder.</summary>
    public static long? SeedOf(string folder) =>
        IdentityOf(folder) is { } identity && identity.TryGetValue(nameof(TrainingOptions.Seed), out string? seed) && long.TryParse(seed, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? value : null;

    /// <summary>Says which run the states are of.</summary>
    /// <exception cref="InvalidDataException">There are states already, and nobody knows of which run: they would be taken for this one's.</exception>
    public void Begin(IReadOnlyDictionary<string, string> identity)
    {
        // The best weights of a run that was cut off before its first state are somebody's, too.
        string[] found = [.. States(), .. Numbered(BestPrefix)];
        if (found.Length > 0)
            throw new InvalidDataException($"'{_options.Folder}' has saved states ({string.Join(", ", found.Select(Path.GetFileName))}) and no {IdentityName} that says of which run they are: they are neither gone on from nor overwritten. Put it back, give another folder, or delete this one to begin anew.");
        DeleteUnfinished();
        AtomicFile.Write(Path.Combine(_options.Folder, IdentityName), stream => JsonSerializer.Serialize(stream, identity, StateFiles.Json));
    }

    /// <summary>The newest state that is whole, and what is wrong with newer ones; null where there is no state at all.</summary>
    /// <exception cref="InvalidDataException">There are states, and none is whole.</exception>
    public (string Folder, TrainingState State, IReadOnlyList<string> PassedOver)? Newest()
    {
        DeleteUnfinished();
        List<string> damaged = [];
        foreach (string folder in States().Reverse())
        {
            try
            {
                StateFiles.Verify(folder);
                TrainingState state = StateFiles.ReadState(folder);
                if (state.BestStep is long best) StateFiles.Verify(BestFolder(best));
                return (folder, state, damaged);
            }
            catch (InvalidDataException error)
            {
                damaged.Add(error.Message);
            }
        }
        return damaged.Count == 0 ? null : throw new InvalidDataException($"No state in '{_options.Folder}' can be gone on from: {string.Join(" ", damaged)} Delete the folder to begin anew.");
    }

    /// <summary>Saves a state, and deletes those that are no longer wanted.</summary>
    public void Save(TrainingState state, IReadOnlyDictionary<string, IReadOnlyDictionary<string, Tensor>> tensors)
    {
        StateFiles.Write(Path.Combine(_options.Folder, string.Create(CultureInfo.InvariantCulture, $"{StepPrefix}{state.Steps:D10}")), tensors, state);
        string[] old = [.. States().SkipLast(_options.KeepLast)];
        foreach (string folder in old) Directory.Delete(folder, recursive: true);
        HashSet<string> best = [.. States().Select(BestOf).OfType<string>()];
        foreach (string folder in Numbered(BestPrefix))
        {
            if (!best.Contains(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Saves the best weights; a state that is saved later says that they are its.</summary>
    public void SaveBest(long step, IReadOnlyDictionary<string, Tensor> weights) =>
        StateFiles.Write(BestFolder(step), new Dictionary<string, IReadOnlyDictionary<string, Tensor>> { ["weights"] = weights }, null);

    /// <summary>The best weights; the caller owns them.</summary>
    public IReadOnlyDictionary<string, Tensor> ReadBest(long step) => StateFiles.ReadTensors(BestFolder(step), "weights");

    /// <summary>Lets other runs have the folder.</summary>
    public void Dispose() => _lock.Dispose();

    /// <summary>Deletes what a run that was cut off had not finished writing; only where it is known that the folder is this run's.</summary>
    private void DeleteUnfinished()
    {
        foreach (string left in Directory.EnumerateDirectories(_options.Folder).Where(IsUnfinished)) Directory.Delete(left, recursive: true);
    }

    private string BestFolder(long step) => Path.Combine(_options.Folder, string.Create(CultureInfo.InvariantCulture, $"{BestPrefix}{step:D10}"));

    /// <summary>From the oldest to the newest.</summary>
    private IEnumerable<string> States() => Numbered(StepPrefix).Order(StringComparer.Ordinal);

    /// <summary>What runs have written under a prefix. Nothing else may be deleted: the folder may hold what is its owner's.</summary>
    private IEnumerable<string> Numbered(string prefix) => Directory.EnumerateDirectories(_options.Folder, $"{prefix}*").Where(folder => IsNumbered(Path.GetFileName(folder), prefix));

    private static bool IsNumbered(string name, string prefix) => name.Length >= prefix.Length + NumberLength && name.StartsWith(prefix, StringComparison.Ordinal) && name.AsSpan(prefix.Length).IndexOfAnyExceptInRange('0', '9') < 0;

    /// <summary>Whether it is a folder of <see cref="StateFiles.Write"/> that has not been moved to its place.</summary>
    private static bool IsUnfinished(string folder) => Path.GetFileName(folder).Split('.') is [string name, string unique, "tmp"]
        && Guid.TryParseExact(unique, "N", out _) && (IsNumbered(name, StepPrefix) || IsNumbered(name, BestPrefix));

    /// <summary>Whether a file could not be opened because another process, or another run of this one, has it open: EAGAIN of Linux and of macOS, and Windows's sharing violation.</summary>
    private static bool IsHeld(IOException error) => error.HResult is 11 or 35 or unchecked((int)0x80070020);

    private string? BestOf(string state)
    {
        try
        {
            return StateFiles.ReadState(state).BestStep is long step ? BestFolder(step) : null;
        }
        catch (InvalidDataException)
        {
            // A damaged state wants nothing kept.
            return null;
        }
    }
}
