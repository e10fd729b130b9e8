using System.Text.Json;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Adapters;

/// <summary>What is trained beside a frozen model, or in front of it. Each kind of adapter derives its own; the names in brackets are those of PEFT's <c>adapter_config.json</c>.</summary>
public abstract record AdapterOptions
{
    /// <summary>
    /// Modules of the model that are trained whole and saved with the adapter (<c>modules_to_save</c>), by the ends of their names. Default null: the head of a classifier ("classifier", "score") or of a model
    /// that finds answers ("qa_outputs"), which is new; for other models nothing.
    /// </summary>
    public IReadOnlyList<string>? ModulesToSave { get; init; }

    /// <summary>Where the model is that the adapter belongs to (<c>base_model_name_or_path</c>): a folder or a name of the hub; null: nobody said.</summary>
    public string? BaseModel { get; init; }

    /// <summary>Keys of <c>adapter_config.json</c> that change nothing of what the adapter computes; they are written back as they were.</summary>
    public IReadOnlyDictionary<string, JsonElement> OtherKeys { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>Those of <see cref="OtherKeys"/> that nobody knows: worth a word to the user.</summary>
    public IReadOnlyList<string> UnknownKeys { get; init; } = [];

    /// <summary>How the file that the options were read from spells its keys: the same thing may be said in several ways.</summary>
    internal IReadOnlyDictionary<string, JsonElement> Spellings { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>The kind's name in <c>adapter_config.json</c> (<c>peft_type</c>).</summary>
    public abstract string Kind { get; }

    /// <summary>Positions of the model that the adapter takes from texts.</summary>
    internal virtual int TakenPositions => 0;

    /// <summary>Demands that every option is in its range and none contradicts another.</summary>
    /// <exception cref="ArgumentException">One is not; the message says which.</exception>
    public virtual void Validate()
    {
        Require.NotNull(OtherKeys);
        Require.NotNull(UnknownKeys);
        foreach (string module in ModulesToSave ?? []) Require.Text(module, nameof(ModulesToSave));
    }
}
