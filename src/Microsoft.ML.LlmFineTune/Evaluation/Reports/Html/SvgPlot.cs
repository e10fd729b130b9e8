using System.Globalization;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>A chart over two axes as inline SVG. Colours come from the page's style, so that it follows light and dark.</summary>
internal sealed class SvgPlot(string xName, string yName, ChartAxis across, ChartAxis up)
{
    private const double Left = 66, Top = 12, Width = 400, Height = 220, AxisGap = 18;
    private const int MostDots = 200;

    private readonly StringBuilder _shapes = new();

    /// <summary>A line through points. Of those on one column of the picture the first, the lowest, the highest and the last are drawn: more would not be seen.</summary>
    internal void Line(IReadOnlyList<(double X, double Y)> points, int color, bool faint)
    {
        if (points.Count == 0) return;
        StringBuilder path = new();
        (double X, double Y) drawn = (double.NaN, double.NaN);
        for (int start = 0, end; start < points.Count; start = end)
        {
            int low = start, high = start;
            for (end = start + 1; end < points.Count && Column(end) == Column(start); end++)
            {
                if (points[end].Y < points[low].Y) low = end;
                if (points[end].Y > points[high].Y) high = end;
            }
            foreach (int i in (ReadOnlySpan<int>)[start, Math.Min(low, high), Math.Max(low, high), end - 1])
            {
                (double X, double Y) point = (Math.Round(X(points[i].X), 1), Math.Round(Y(points[i].Y), 1));
                if (point == drawn) continue;
                path.Append(path.Length == 0 ? 'M' : 'L').Append(Number(point.X)).Append(' ').Append(Number(point.Y));
                drawn = point;
            }
        }
        _shapes.Append($"<path class=\"er-line er-line{color % SvgChart.Colors}{(faint ? " er-faint" : "")}\" d=\"{path}\"/>");

        double Column(int i) => Math.Floor(X(points[i].X));
    }

    /// <summary>Points with their values; of very many only some.</summary>
    internal void Dots(IReadOnlyList<(double X, double Y)> points, int color, string name)
    {
        int each = ((points.Count - 1) / MostDots) + 1;
        for (int i = 0; i < points.Count; i += each)
        {
            string what = HtmlReportWriter.Escape($"{name}, {xName} {ChartAxis.Label(points[i].X)}: {ReportNumber.Format(points[i].Y)}");
            _shapes.Append($"<circle class=\"er-point er-line{color % SvgChart.Colors}\" cx=\"{Number(X(points[i].X))}\" cy=\"{Number(Y(points[i].Y))}\" r=\"3\"><title>{what}</title></circle>");
        }
    }

    internal string ToSvg(string title)
    {
        double labels = Top + Height + AxisGap;
        StringBuilder svg = new();
        svg.Append($"<svg class=\"er-chart er-plot\" role=\"img\" viewBox=\"0 0 {Number(Left + Width + 24)} {Number(labels + 26)}\"><title>{HtmlReportWriter.Escape(title)}</title>");
        svg.Append($"<path class=\"er-grid\" d=\"M{Number(Left)} {Number(Top)}V{Number(Top + Height)}H{Number(Left + Width)}\"/>");
        foreach (double tick in across.Ticks)
        {
            svg.Append($"<path class=\"er-grid\" d=\"M{Number(X(tick))} {Number(Top)}V{Number(Top + Height)}\"/>");
            svg.Append($"<text class=\"er-tick\" text-anchor=\"middle\" x=\"{Number(X(tick))}\" y=\"{Number(labels)}\">{ChartAxis.Label(tick)}</text>");
        }
        foreach (double tick in up.Ticks)
        {
            svg.Append($"<path class=\"er-grid\" d=\"M{Number(Left)} {Number(Y(tick))}H{Number(Left + Width)}\"/>");
            svg.Append($"<text class=\"er-tick\" text-anchor=\"end\" x=\"{Number(Left - 7)}\" y=\"{Number(Y(tick) + 4)}\">{ChartAxis.Label(tick)}</text>");
        }
        svg.Append(_shapes);
        svg.Append($"<text class=\"er-axis\" text-anchor=\"middle\" x=\"{Number(Left + (Width / 2))}\" y=\"{Number(labels + 20)}\">{HtmlReportWriter.Escape(xName)}</text>");
        svg.Append($"<text class=\"er-axis\" text-anchor=\"middle\" transform=\"translate(13 {Number(Top + (Height / 2))}) rotate(-90)\">{HtmlReportWriter.Escape(yName)}</text></svg>");
        return svg.ToString();
    }

    private double X(double x) => Left + (across.Place(x) * Width);

    private double Y(double y) => Top + ((1 - up.Place(y)) * Height);

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
