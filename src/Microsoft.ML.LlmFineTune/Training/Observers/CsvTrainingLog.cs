using System.Globalization;
using System.Text;
using Microsoft.ML.LlmFineTune.Checkpoints;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>
/// Training as comma-separated values (RFC 4180, but for line feeds between rows) for spreadsheets and data frames. The first row names the columns: <c>event</c> ("step", "validation" or "epoch"), <c>step</c> (from 1), <c>time</c> (UTC), <c>epoch</c> (from 0),
/// <c>loss</c> (a target), <c>learningRate</c>, <c>gradientNorm</c> (before clipping), <c>tokens</c> (of the step), <c>tokensPerSecond</c>, <c>targets</c> and <c>best</c> (of a validation), and a column <c>metrics.NAME</c> for each metric; what an event does not have is empty.
/// Numbers are in the invariant culture and in full precision. Metrics get their columns with the first validation that has them: the file is then written anew, once.
/// </summary>
/// <remarks>When rows reach the file, and what happens to a file of an earlier training: <see cref="TrainingFileLog"/>.</remarks>
public sealed class CsvTrainingLog : TrainingFileLog
{
    private const string MetricPrefix = "metrics.";
    private static readonly string[] s_columns = ["event", "step", "time", "epoch", "loss", "learningRate", "gradientNorm", "tokens", "tokensPerSecond", "targets", "best"];
    private static readonly string s_header = string.Join(',', s_columns);

    private readonly StringBuilder _row = new();
    private List<string> _metrics = [];

    /// <summary>A log in a file.</summary>
    /// <param name="path">The file.</param>
    public CsvTrainingLog(string path) : base(path)
    {
    }

    private protected override void Begin()
    {
        if (new FileInfo(Path) is not { Exists: true, Length: > 0 })
        {
            File.Add(Encoding.UTF8.GetBytes(Header()));
            File.Flush();
        }
    }

    private protected override (string Event, long Step)? Parse(ReadOnlySpan<byte> line, long number)
    {
        string text = Encoding.UTF8.GetString(line).TrimEnd('\r');
        if (number == 1)
        {
            string header = text.TrimStart('\uFEFF');
            if (header != s_header && !header.StartsWith(s_header + ",", StringComparison.Ordinal)) throw new FormatException($"the first line must begin with {s_header}; it is {header}.");
            _metrics = Fields(header)[s_columns.Length..].ConvertAll(name => name.StartsWith(MetricPrefix, StringComparison.Ordinal) ? name[MetricPrefix.Length..] : name);
            return null;
        }
        string[] fields = text.Split(',', 3);
        return fields.Length == 3 && long.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out long step) ? (fields[0], step) : throw new FormatException($"it is {text}.");
    }

    private protected override void Write(string what, long step, ReadOnlySpan<(string Name, object? Value)> values)
    {
        // The columns are those of what happens again and again.
        if (what is StartEvent or EndEvent) return;
        IReadOnlyDictionary<string, double>? metrics = null;
        foreach ((string name, object? value) in values)
            if (name == "metrics") metrics = ((IReadOnlyDictionary<string, double>)value!).ToDictionary(metric => OneLine(metric.Key), metric => metric.Value);
        if (metrics is not null && metrics.Keys.Except(_metrics).ToList() is { Count: > 0 } added) AddColumns(added);

        _row.Clear().Append(what).Append(',').Append(CultureInfo.InvariantCulture, $"{step}");
        foreach (string column in s_columns.AsSpan(2))
        {
            _row.Append(',');
            foreach ((string name, object? value) in values)
                if (name == column) Append(value);
        }
        foreach (string metric in _metrics)
        {
            _row.Append(',');
            if (metrics is not null && metrics.TryGetValue(metric, out double value)) Append(value);
        }
        File.Add(Encoding.UTF8.GetBytes(_row.Append('\n').ToString()));
    }

    private void Append(object? value) => _ = value switch
    {
        null => _row,
        DateTimeOffset time => _row.Append(Text(time)),
        bool flag => _row.Append(flag ? "true" : "false"),
        _ => _row.Append(CultureInfo.InvariantCulture, $"{value}"),
    };

    private string Header() => s_header + string.Concat(_metrics.Select(name => "," + Quoted(MetricPrefix + name))) + "\n";

    /// <summary>A row can't get longer than the header says, so the rows before get empty fields.</summary>
    private void AddColumns(List<string> names)
    {
        File.Flush();
        _metrics = [.. _metrics, .. names];
        string empty = new(',', names.Count);
        File.Try(() => AtomicFile.Write(Path, stream =>
        {
            using StreamWriter writer = new(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
            writer.Write(Header());
            foreach (string row in System.IO.File.ReadLines(Path).Skip(1)) writer.WriteLine(row + empty);
        }));
    }

    // Lines are rows, so a line break in a name becomes a space.
    private static string OneLine(string name) => string.Concat(name.Select(letter => char.IsControl(letter) ? ' ' : letter));

    private static string Quoted(string name) => name.AsSpan().IndexOfAny(',', '"') < 0 ? name : $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static List<string> Fields(string line)
    {
        List<string> fields = [];
        StringBuilder field = new();
        bool quoted = false;
        for (int i = 0; i < line.Length; i++)
        {
            if (line[i] == '"' && quoted && i + 1 < line.Length && line[i + 1] == '"') field.Append(line[i++]);
            else if (line[i] == '"') quoted = !quoted;
            else if (line[i] == ',' && !quoted) Next();
            else field.Append(line[i]);
        }
        Next();
        return fields;

        void Next()
        {
            fields.Add(field.ToString());
            field.Clear();
        }
    }
}
