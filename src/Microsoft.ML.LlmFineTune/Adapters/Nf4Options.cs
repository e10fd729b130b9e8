namespace Microsoft.ML.LlmFineTune.Adapters;

/// <summary>How the frozen base of an adapter is kept in four bits a number: see <see cref="ModelQuantization.ToNf4"/>.</summary>
public sealed record Nf4Options
{
    /// <summary>Whether the scales are quantised, too: they take 0.016 bytes a number then in place of 0.063, at hardly any loss. Default true.</summary>
    public bool DoubleQuantization { get; init; } = true;

    /// <summary>Layers that stay dense, by Hugging Face's names. Default null: output heads alone.</summary>
    public ModuleSelection? Kept { get; init; }
}
