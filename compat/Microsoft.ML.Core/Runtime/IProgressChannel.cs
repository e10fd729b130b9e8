namespace Microsoft.ML.Runtime;

public interface IProgressChannel : IProgressChannelProvider, IDisposable
{
    void SetHeader(ProgressHeader header, Action<IProgressEntry> fillAction);
    void Checkpoint(params double?[] values);
}

public interface IProgressEntry
{
    void SetProgress(int index, double value);
    void SetProgress(int index, double value, double lim);
    void SetMetric(int index, double value);
}

public sealed class ProgressHeader
{
    public readonly IReadOnlyList<string> UnitNames;
    public readonly IReadOnlyList<string> MetricNames;

    public ProgressHeader(string[] metricNames, string[] unitNames)
    {
        MetricNames = metricNames ?? [];
        UnitNames = unitNames ?? [];
    }

    public ProgressHeader(params string[] unitNames) : this(null, unitNames) { }
}

/// <summary>Progress reaches no listener outside ML.NET, so its channels take reports and keep nothing.</summary>
internal sealed class ProgressChannel : IProgressChannel
{
    public ProgressChannel(string name) => Contracts.CheckNonEmpty(name, nameof(name));

    public void SetHeader(ProgressHeader header, Action<IProgressEntry> fillAction)
    {
        Contracts.CheckValue(header, nameof(header));
        Contracts.CheckValue(fillAction, nameof(fillAction));
    }

    public void Checkpoint(params double?[] values) { }

    public IProgressChannel StartProgressChannel(string name) => new ProgressChannel(name);

    public void Dispose() { }
}
