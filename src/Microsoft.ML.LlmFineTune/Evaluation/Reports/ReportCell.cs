using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>A cell of a table in a report: words, or a number, with an interval where one is known.</summary>
public readonly record struct ReportCell
{
    private ReportCell(string? text, double? number, bool isCount, double? lower, double? upper) => (Text, Number, IsCount, Lower, Upper) = (text, number, isCount, lower, upper);

    /// <summary>The words; null for a number.</summary>
    public string? Text { get; }

    /// <summary>The number; null for words, and for what is not defined.</summary>
    public double? Number { get; }

    /// <summary>Whether the number counts things, and is shown without decimals.</summary>
    public bool IsCount { get; }

    /// <summary>Lower end of the interval; null when there is none.</summary>
    public double? Lower { get; }

    /// <summary>Upper end of the interval; null when there is none.</summary>
    public double? Upper { get; }

    /// <summary>Words.</summary>
    public static implicit operator ReportCell(string? text) => new(text ?? "", null, false, null, null);

    /// <summary>A number; null for one that is not defined.</summary>
    public static implicit operator ReportCell(double? number) => new(null, number, false, null, null);

    /// <summary>A number.</summary>
    public static implicit operator ReportCell(double number) => new(null, number, false, null, null);

    /// <summary>A count.</summary>
    public static implicit operator ReportCell(long count) => new(null, count, true, null, null);

    /// <summary>A number with an interval.</summary>
    public static ReportCell Of(double number, double lower, double upper) => new(null, number, false, lower, upper);

    /// <summary>The number alone, where its interval has a column of its own.</summary>
    internal ReportCell WithoutInterval() => new(Text, Number, IsCount, null, null);

    /// <summary>As the text table shows it.</summary>
    public override string ToString() => Text ?? Main + (Interval is string interval ? " " + interval : "");

    internal string Main => Text ?? ReportNumber.Format(Number, IsCount);

    internal string? Interval => Lower is double lower && Upper is double upper ? $"[{ReportNumber.Format(lower)}, {ReportNumber.Format(upper)}]" : null;

    internal JsonNode? ToJson() => Text is not null ? JsonValue.Create(Text)
        : Lower is null ? ReportNumber.ToJson(Number)
        : new JsonObject { ["value"] = ReportNumber.ToJson(Number), ["lower"] = ReportNumber.ToJson(Lower), ["upper"] = ReportNumber.ToJson(Upper) };
}
