using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Generation.Strategies;

/// <summary>What generation asks of a model, of whatever kind.</summary>
internal interface IGenerativeModel
{
    /// <summary>The model itself.</summary>
    nn.Module Module { get; }

    /// <summary>Tokens that it scores.</summary>
    int Vocabulary { get; }

    /// <summary>Positions that a text may take.</summary>
    int Positions { get; }

    /// <summary>Ids of the tokens that end a text.</summary>
    IReadOnlyList<int> EndTokens { get; }

    /// <summary>What the texts of a prompt begin with.</summary>
    /// <param name="index">Number of the prompt in its batch.</param>
    /// <param name="tokens">The prompt, at least one token.</param>
    /// <param name="longest">Tokens of the batch's longest prompt.</param>
    /// <param name="options">The options.</param>
    DecodingPrompt Begin(int index, IReadOnlyList<int> tokens, int longest, GenerationOptions options);

    /// <summary>Puts rows in front of the model.</summary>
    /// <param name="prompts">What they begin with, one a row.</param>
    /// <param name="capacity">Positions that are kept in memory, if the model has as many.</param>
    /// <param name="useCache">Whether anything is kept in memory.</param>
    DecodingBatch Open(IReadOnlyList<DecodingPrompt> prompts, long capacity, bool useCache);
}
