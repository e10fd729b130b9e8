using System.Globalization;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators.TokenizerTraining;

/// <summary>The training of a tokenizer as lines of <c>MLContext.Log</c>: a few for each phase.</summary>
internal sealed class TokenizerTrainingLog(IChannel channel) : IProgress<TokenizerTrainingProgress>
{
    private const int LinesAPhase = 10;
    private TokenizerTrainingPhase? _phase;
    private long _next;

    public void Report(TokenizerTrainingProgress value)
    {
        if (value.Phase != _phase)
            (_phase, _next) = (value.Phase, 0);
        if (value.Done < _next)
            return;
        // Where nobody knows the end, lines come at twice the number each time.
        _next = value.Total > 0 ? value.Done + Math.Max(1, value.Total / LinesAPhase) : Math.Max(1, 2 * value.Done);
        Info($"{NameOf(value.Phase)}: {value.Done}{(value.Total > 0 ? string.Create(CultureInfo.InvariantCulture, $" of {value.Total}") : "")}.");
    }

    internal void Info(FormattableString line) => channel.Info(MessageSensitivity.None, "{0}", line.ToString(CultureInfo.InvariantCulture));

    internal void Warn(FormattableString line) => channel.Warning(MessageSensitivity.None, "{0}", line.ToString(CultureInfo.InvariantCulture));

    private static string NameOf(TokenizerTrainingPhase phase) => phase switch
    {
        TokenizerTrainingPhase.CountingWords => "Texts read",
        TokenizerTrainingPhase.CountingPairs => "Words split into symbols",
        TokenizerTrainingPhase.Merging => "Entries of the vocabulary",
        TokenizerTrainingPhase.FindingPieces => "Steps of finding pieces",
        TokenizerTrainingPhase.Pruning => "Pieces pruned",
        _ => phase.ToString(),
    };
}
