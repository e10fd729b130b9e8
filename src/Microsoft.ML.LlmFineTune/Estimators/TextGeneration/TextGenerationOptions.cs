using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>How texts are generated for a column of prompts.</summary>
public sealed record TextGenerationOptions
{
    /// <summary>The column of prompts. Default "Prompt".</summary>
    public string PromptColumnName { get; init; } = "Prompt";

    /// <summary>The column of generated texts, without the prompts. Default "GeneratedText".</summary>
    public string GeneratedTextColumnName { get; init; } = "GeneratedText";

    /// <summary>
    /// Lengths, strategy, stop conditions and seed (<see cref="GenerationOptions.FromFolder"/>: what a checkpoint recommends); one text a prompt. A row's text does not depend on the rows beside it.
    /// </summary>
    public GenerationOptions Generation { get; init; } = new();

    /// <summary>Prompts that are continued together, at least 1: the rows a cursor reads ahead. Default 32.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.Text(PromptColumnName);
        Require.Text(GeneratedTextColumnName);
        Require.NotNull(Generation).Validate();
        Require.Argument(Generation.ReturnSequences == 1, $"A row gets one text; Generation.ReturnSequences asks for {Generation.ReturnSequences}. Generate with a TextGenerator to get several.", nameof(Generation));
        Require.AtLeast(BatchSize, 1);
    }
}
