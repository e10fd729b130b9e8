using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Values with their intervals, one below the other, on one scale (a forest plot): what overlaps and what does not.</summary>
internal static class IntervalChart
{
    private const double NameWidth = 150, PlotWidth = 380, RowHeight = 24, Margin = 10, LongestName = 22;

    internal static void Write(HtmlReportWriter writer, string name, IReadOnlyList<(string Name, ReportCell Value)> rows)
    {
        List<(string Name, ReportCell Value)> shown = [.. rows.Where(row => row.Value is { Number: double value, Lower: double lower, Upper: double upper } && double.IsFinite(value) && double.IsFinite(lower) && double.IsFinite(upper))];
        if (shown.Count < 2) return;
        double least = shown.Min(row => Math.Min(row.Value.Lower!.Value, row.Value.Number!.Value)), most = shown.Max(row => Math.Max(row.Value.Upper!.Value, row.Value.Number!.Value));
        double room = most > least ? (most - least) * 0.06 : Math.Max(Math.Abs(most) * 0.1, 0.1);
        (least, most) = (least - room, most + room);
        double height = (shown.Count * RowHeight) + 30;
        writer.Raw($"<figure><svg class=\"er-chart er-intervals\" role=\"img\" viewBox=\"0 0 {Number(NameWidth + PlotWidth + (2 * Margin))} {Number(height)}\"><title>").SvgText($"{name} with intervals").Raw("</title>");
        foreach (double tick in ChartAxis.Between(least, most))
        {
            writer.Raw($"<path class=\"er-grid\" d=\"M{Number(X(tick))} 4V{Number(height - 24)}\"/><text class=\"er-tick\" text-anchor=\"middle\" x=\"{Number(X(tick))}\" y=\"{Number(height - 8)}\">{tick.ToString("0.######", CultureInfo.InvariantCulture)}</text>");
        }
        for (int i = 0; i < shown.Count; i++)
        {
            (string row, ReportCell value) = shown[i];
            double y = (i * RowHeight) + (RowHeight / 2) + 2;
            writer.Raw($"<g><title>").SvgText($"{row}: {value}").Raw($"</title><text class=\"er-tick\" text-anchor=\"end\" x=\"{Number(NameWidth - 4)}\" y=\"{Number(y + 4)}\">").SvgText(Short(row)).Raw("</text>");
            writer.Raw($"<path class=\"er-line er-line0\" d=\"M{Number(X(value.Lower!.Value))} {Number(y)}H{Number(X(value.Upper!.Value))}\"/><circle class=\"er-dot\" cx=\"{Number(X(value.Number!.Value))}\" cy=\"{Number(y)}\" r=\"4.5\"/></g>");
        }
        writer.Raw("</svg><figcaption>").Text($"{name} with intervals").Raw("</figcaption></figure>\n");

        double X(double value) => NameWidth + Margin + ((value - least) / (most - least) * PlotWidth);
    }

    private static string Short(string name) => name.Length <= LongestName ? name : string.Concat(name.EnumerateRunes().Take((int)LongestName - 1)) + "…";

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
