using System.Globalization;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.LlmFineTune.Estimators.RowMapping;

/// <summary>Tells <c>MLContext.Log</c> what texts lost by cutting: at the end of a reading, or at the first cut text where rows come one by one.</summary>
internal sealed class TruncationLog(IHostEnvironment environment, string task, bool rowByRow = false) : IDisposable
{
    private TruncationReport _sum;

    /// <summary>The log of one reader.</summary>
    internal TruncationLog Begin(bool rowByRow) => new(environment, task, rowByRow);

    internal void Add(TruncationReport report)
    {
        bool isFirst = _sum.TruncatedTexts == 0 && report.TruncatedTexts > 0;
        _sum = new TruncationReport(_sum.Texts + report.Texts, _sum.TruncatedTexts + report.TruncatedTexts, _sum.Tokens + report.Tokens, _sum.CutTokens + report.CutTokens);
        if (rowByRow && isFirst)
            Warn($"A text was truncated, {report.CutTokens} tokens cut; no more are told of.");
    }

    public void Dispose()
    {
        if (_sum.TruncatedTexts == 0 || rowByRow)
            return;
        Warn($"{_sum.TruncatedTexts} of {_sum.Texts} texts were truncated, {_sum.CutTokens} tokens cut.");
        _sum = default;
    }

    private void Warn(FormattableString line)
    {
        using var channel = environment.Register(task).Start("Reading");
        channel.Warning(MessageSensitivity.None, "{0}", line.ToString(CultureInfo.InvariantCulture));
    }
}
