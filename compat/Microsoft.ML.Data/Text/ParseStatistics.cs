using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Counts what could not be read, tells the first cases, and sums up at the end.</summary>
internal sealed class ParseStatistics : IDisposable
{
    private const int MostShown = 10;

    private readonly IChannel _channel;
    private readonly bool _silent;
    private long _rows;
    private long _badValues;
    private long _formatErrors;

    public ParseStatistics(IChannelProvider provider, bool silent = false)
    {
        _channel = provider.Start("ParseStats");
        _silent = silent;
    }

    public void CountRow() => _rows++;

    public void BadValue(long line, string column, int? slot)
    {
        if (++_badValues > MostShown || _silent)
            return;
        _channel.Info(MessageSensitivity.Schema, slot == null ? $"  Bad value at line {line} in column {column}" : $"  Bad value at line {line} in column {column} at slot {slot}");
        if (_badValues == MostShown)
            _channel.Info("  Suppressing further bad value messages");
    }

    public void FormatError(string path, long line, int start, int end, string message)
    {
        if (++_formatErrors > MostShown || _silent)
            return;
        _channel.Warning(line > 0 ? $"Format error at {path}({line},{start + 1})-({line},{end + 1}): {message}" : $"Format error: {message}");
        if (_formatErrors == MostShown)
            _channel.Warning("Suppressing further format error messages");
    }

    public void Dispose()
    {
        if (_badValues > 0 || _formatErrors > 0)
            _channel.Info($"Processed {_rows} rows with {_badValues} bad values and {_formatErrors} format errors");
        _channel.Dispose();
    }
}
