using Microsoft.ML.Runtime;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators;

/// <summary>What reaches <c>MLContext.Log</c>.</summary>
internal sealed class LogLines
{
    internal LogLines(MLContext ml) => ml.Log += (_, message) => All.Add((message.Kind, message.Source, message.RawMessage));

    internal List<(ChannelMessageKind Kind, string Source, string Text)> All { get; } = [];

    internal IEnumerable<string> Warnings => All.Where(line => line.Kind == ChannelMessageKind.Warning).Select(line => line.Text);
}
