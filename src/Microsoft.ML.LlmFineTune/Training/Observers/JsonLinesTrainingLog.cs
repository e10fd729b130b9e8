using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>
/// Training as JSON lines: an object a line, UTF-8. Each has <c>event</c>, <c>step</c> (steps taken), <c>time</c> (UTC) and <c>epoch</c> (from 0; missing before the first step); besides, a
/// <c>start</c> has <c>parameters</c>, <c>totalSteps</c>, <c>device</c>, <c>replicas</c>, <c>threadsPerReplica</c> and <c>options</c> (all of them by name); a <c>step</c> <c>loss</c> (a target), <c>learningRate</c>, <c>gradientNorm</c> (before clipping), <c>tokens</c> and <c>tokensPerSecond</c>;
/// a <c>validation</c> <c>loss</c>, <c>targets</c>, <c>best</c> and <c>metrics</c> by name; an <c>epoch</c> its <c>loss</c>; the <c>end</c> <c>reason</c>, <c>weightsStep</c>, <c>epochs</c>, <c>tokens</c> and <c>seconds</c>. Numbers have full precision; what JSON has no number for is a string: "NaN", "Infinity", "-Infinity".
/// </summary>
/// <remarks>When rows reach the file, and what happens to a file of an earlier training: <see cref="TrainingFileLog"/>.</remarks>
public sealed class JsonLinesTrainingLog : TrainingFileLog
{
    // Letters stay letters: the lines are not meant for the inside of an HTML page.
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ArrayBufferWriter<byte> _line = new();

    /// <summary>A log in a file.</summary>
    /// <param name="path">The file.</param>
    public JsonLinesTrainingLog(string path) : base(path)
    {
    }

    // An empty file is a log without rows. Opening it shows whether it can be written.
    private protected override void Begin() => File.Truncate(new FileInfo(Path) is { Exists: true } file ? file.Length : 0);

    private protected override (string Event, long Step)? Parse(ReadOnlySpan<byte> line, long number)
    {
        string? what = null;
        long? step = null;
        try
        {
            Utf8JsonReader reader = new(line);
            while ((what is null || step is null) && reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1) continue;
                if (reader.ValueTextEquals("event")) what = reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                else if (reader.ValueTextEquals("step")) step = reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long number64) ? number64 : null;
            }
        }
        catch (JsonException error)
        {
            throw new FormatException($"it is no JSON: {Encoding.UTF8.GetString(line)}", error);
        }
        return what is not null && step is long taken ? (what, taken) : throw new FormatException($"it has no event and step: {Encoding.UTF8.GetString(line)}");
    }

    private protected override void Write(string what, long step, ReadOnlySpan<(string Name, object? Value)> values)
    {
        _line.ResetWrittenCount();
        using (Utf8JsonWriter writer = new(_line, s_options))
        {
            writer.WriteStartObject();
            writer.WriteString("event", what);
            writer.WriteNumber("step", step);
            foreach ((string name, object? value) in values)
            {
                if (value is null) continue;
                writer.WritePropertyName(name);
                Write(writer, value);
            }
            writer.WriteEndObject();
        }
        _line.Write("\n"u8);
        File.Add(_line.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null: writer.WriteNullValue(); break;
            case bool flag: writer.WriteBooleanValue(flag); break;
            case int number: writer.WriteNumberValue(number); break;
            case long number: writer.WriteNumberValue(number); break;
            case double number when double.IsFinite(number): writer.WriteNumberValue(number); break;
            case DateTimeOffset time: writer.WriteStringValue(Text(time)); break;
            case IReadOnlyDictionary<string, double> metrics: WriteObject(writer, metrics.Select(metric => (metric.Key, (object?)metric.Value))); break;
            case IReadOnlyDictionary<string, object?> options: WriteObject(writer, options.Select(option => (option.Key, option.Value))); break;
            default: writer.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture)); break;
        }
    }

    private static void WriteObject(Utf8JsonWriter writer, IEnumerable<(string Name, object? Value)> values)
    {
        writer.WriteStartObject();
        foreach ((string name, object? value) in values)
        {
            writer.WritePropertyName(name);
            Write(writer, value);
        }
        writer.WriteEndObject();
    }
}
