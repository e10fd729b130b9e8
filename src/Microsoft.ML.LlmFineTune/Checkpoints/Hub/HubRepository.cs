using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>A model on a hub, and which of its files are wanted.</summary>
/// <remarks>
/// Patterns are those of huggingface_hub (Python's <c>fnmatch</c>, case counts): <c>*</c> stands for any characters, '/' included, <c>?</c> for one, <c>[ab]</c> and <c>[!ab]</c> for one of
/// a set; a pattern that ends in '/' stands for everything below. Pickles (<c>*.bin</c>, <c>*.pt</c> ...) are never downloaded, whatever the patterns say: reading one runs its code.
/// </remarks>
public sealed record HubRepository
{
    /// <summary>What the library reads of a model: configuration, tokenizer, chat template, weights as safetensors.</summary>
    public static IReadOnlyList<string> ModelFiles { get; } =
    [
        "config.json", "generation_config.json", "task.json", "adapter_config.json", "modules.json", "*_Pooling/config.json", "sentence_*_config.json", "config_sentence_transformers.json",
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "vocab.txt", "merges.txt",
        "*.model", "*.spm", "*.tiktoken", "chat_template.jinja", "chat_template.json", "*.safetensors", "*.safetensors.index.json",
    ];

    /// <summary>Weights that match <see cref="ModelFiles"/> and are the same model once more, in another layout.</summary>
    public static IReadOnlyList<string> Duplicates { get; } = ["original/*", "consolidated*.safetensors", "*/*.safetensors", "*/*.safetensors.index.json"];

    /// <summary>Names a repository.</summary>
    /// <param name="id">"organisation/name", or "name" for the oldest models.</param>
    /// <exception cref="ArgumentException">That cannot be the name of a repository.</exception>
    public HubRepository(string id) => Id = HubNames.RequireRepository(id);

    /// <summary>"organisation/name".</summary>
    public string Id { get; }

    /// <summary>Branch, tag or commit. Default: "main".</summary>
    /// <exception cref="ArgumentException">That cannot be the name of a revision.</exception>
    public string Revision { get; init => field = HubNames.RequireRevision(value); } = "main";

    /// <summary>A file is wanted that matches one of these. Default: <see cref="ModelFiles"/>.</summary>
    public IReadOnlyList<string> AllowPatterns { get; init => field = Require.NotNull(value); } = ModelFiles;

    /// <summary>... and none of these. Default: <see cref="Duplicates"/>.</summary>
    public IReadOnlyList<string> IgnorePatterns { get; init => field = Require.NotNull(value); } = Duplicates;

    /// <summary>The name, and the revision after an @.</summary>
    public override string ToString() => $"{Id}@{Revision}";
}
