using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>What a run's result depends on: model, data, objective and options, as names and texts that can be compared.</summary>
internal static class RunIdentity
{
    private const int Shown = 200;
    private const int BeforeDifference = 60;

    /// <summary>Options that change how training goes, not what it comes to.</summary>
    private static readonly HashSet<string> WithoutInfluence = new(StringComparer.Ordinal) { nameof(TrainingOptions.Checkpoints), nameof(TrainingOptions.Replicas), nameof(TrainingOptions.Device), nameof(TrainingOptions.MemoryLimit), nameof(TrainingOptions.ReturnFreedMemory) };

    /// <summary>What an adapter's options say of its file.</summary>
    private static readonly HashSet<string> NotComputedWith = new(StringComparer.Ordinal) { nameof(AdapterOptions.BaseModel), nameof(AdapterOptions.OtherKeys), nameof(AdapterOptions.UnknownKeys) };

    /// <summary>Of a run that has not begun.</summary>
    public static SortedDictionary<string, string> Of(nn.Module model, IObjective objective, TrainingOptions options, IBatchSource training, IBatchSource? validation)
    {
        SortedDictionary<string, string> identity = new(StringComparer.Ordinal)
        {
            ["model"] = model is ICheckpointModel { Config: { } config, Head: var head } ? $"{config.Family} {config.ToJson(head).ToJsonString()}" : model.GetType().Name,
            ["model's weights"] = HashOf(model),
            ["objective"] = objective.Description,
            ["training data"] = DataOf(training),
            ["validation data"] = validation is null ? "none" : DataOf(validation),
        };
        if (ModelAdapters.Of(model) is { Active: string active } adapters)
        {
            // Weights do not tell what is done with them: scaling and dropout, for example.
            foreach ((string name, object? value) in OptionTable.Of(adapters.OptionsOf(active)))
            {
                if (!NotComputedWith.Contains(name.Split('.')[0])) identity[$"adapter.{name}"] = OptionTable.Text(value);
            }
        }
        foreach ((string name, object? value) in OptionTable.Of(options))
        {
            if (!WithoutInfluence.Contains(name.Split('.')[0])) identity[name] = OptionTable.Text(value);
        }
        return identity;
    }

    /// <summary>One line for everything that is not the same.</summary>
    public static IReadOnlyList<string> Differences(IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> now) =>
    [
        .. before.Keys.Union(now.Keys).Order(StringComparer.Ordinal)
            .Select(name => (Name: name, Before: before.GetValueOrDefault(name, "none"), Now: now.GetValueOrDefault(name, "none")))
            .Where(entry => entry.Before != entry.Now)
            .Select(entry => $"{entry.Name} was {Shortened(entry.Before, entry.Now)} and is {Shortened(entry.Now, entry.Before)}"),
    ];

    /// <summary>A long text, such as a model's configuration, from shortly before the place where it differs from the other one.</summary>
    private static string Shortened(string text, string other)
    {
        if (text.Length <= Shown) return text;
        int start = Math.Min(Math.Max(0, text.AsSpan().CommonPrefixLength(other) - BeforeDifference), text.Length - Shown);
        return $"{(start > 0 ? "..." : "")}{text.AsSpan(start, Shown)}{(start + Shown < text.Length ? "..." : "")}";
    }

    private static string DataOf(IBatchSource source) => string.Create(CultureInfo.InvariantCulture, $"{source.CountBatches(0)} batches, fingerprint {source.Fingerprint():x16}");

    private static string HashOf(nn.Module model)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using IDisposable scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        foreach ((string name, Tensor tensor) in model.named_parameters().Select(named => (named.name, (Tensor)named.parameter)).Concat(model.named_buffers().Select(named => (named.name, named.buffer))).OrderBy(named => named.Item1, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(name));
            foreach (TensorPart part in TensorPart.Of(tensor.detach(), 1 << 18))
            {
                using IDisposable inner = NewDisposeScope();
                using (part) hash.AppendData(part.View.cpu().contiguous().bytes);
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
