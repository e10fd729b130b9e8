using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Trainers;

/// <summary>Keeps what training reports, and may act on it.</summary>
internal sealed class Reports(Action<TokenizerTrainingProgress>? after = null) : IProgress<TokenizerTrainingProgress>
{
    public List<TokenizerTrainingProgress> Seen { get; } = [];

    public void Report(TokenizerTrainingProgress value)
    {
        Seen.Add(value);
        after?.Invoke(value);
    }
}
