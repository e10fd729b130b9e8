using System.Globalization;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>A chart of the unit square as inline SVG. Colours come from the page's style, so that it follows light and dark.</summary>
internal sealed class SvgChart(string xName, string yName)
{
    /// <summary>How many colours lines have before they repeat.</summary>
    internal const int Colors = 6;

    private const double Left = 52, Top = 12, Side = 300, StripTop = Top + Side + 6, StripHeight = 26, AxisGap = 18;
    private static readonly double[] s_ticks = [0, 0.25, 0.5, 0.75, 1];

    private readonly StringBuilder _shapes = new();
    private bool _strip;

    /// <summary>A line through points of the unit square.</summary>
    internal void Line(IReadOnlyList<double> x, IReadOnlyList<double> y, int color)
    {
        StringBuilder points = new();
        (double X, double Y) last = (double.NaN, double.NaN);
        for (int i = 0; i < x.Count; i++)
        {
            (double X, double Y) point = (Math.Round(X(x[i]), 1), Math.Round(Y(y[i]), 1));
            // Thousands of points that fall on the same spot would only make the page long; a curve's corners stay.
            if (Math.Abs(point.X - last.X) < 0.3 && Math.Abs(point.Y - last.Y) < 0.3 && i < x.Count - 1) continue;
            points.Append(points.Length == 0 ? 'M' : 'L').Append(Number(point.X)).Append(' ').Append(Number(point.Y));
            last = point;
        }
        _shapes.Append($"<path class=\"er-line er-line{color % Colors}\" d=\"{points}\"/>");
    }

    internal void Diagonal() => _shapes.Append($"<path class=\"er-diagonal\" d=\"M{Number(X(0))} {Number(Y(0))}L{Number(X(1))} {Number(Y(1))}\"/>");

    /// <summary>A bar from the axis.</summary>
    internal void Bar(double from, double to, double height, string title) =>
        _shapes.Append($"<rect class=\"er-bar\" x=\"{Number(X(from) + 0.5)}\" y=\"{Number(Y(height))}\" width=\"{Number(Math.Max(0.5, X(to) - X(from) - 1))}\" height=\"{Number(Y(0) - Y(height))}\"><title>{Escaped(title)}</title></rect>");

    /// <summary>What lies between two heights.</summary>
    internal void Gap(double from, double to, double one, double other) =>
        _shapes.Append($"<rect class=\"er-gap\" x=\"{Number(X(from) + 0.5)}\" y=\"{Number(Y(Math.Max(one, other)))}\" width=\"{Number(Math.Max(0.5, X(to) - X(from) - 1))}\" height=\"{Number(Math.Abs(Y(one) - Y(other)))}\"/>");

    /// <summary>A bar in a strip below the chart.</summary>
    internal void Strip(double from, double to, double height, string title)
    {
        _strip = true;
        double tall = Math.Max(0.5, height * StripHeight);
        _shapes.Append($"<rect class=\"er-strip\" x=\"{Number(X(from) + 0.5)}\" y=\"{Number(StripTop + StripHeight - tall)}\" width=\"{Number(Math.Max(0.5, X(to) - X(from) - 1))}\" height=\"{Number(tall)}\"><title>{Escaped(title)}</title></rect>");
    }

    internal string ToSvg(string title)
    {
        double labels = (_strip ? StripTop + StripHeight : Top + Side) + AxisGap;
        StringBuilder svg = new();
        svg.Append($"<svg class=\"er-chart\" role=\"img\" viewBox=\"0 0 {Number(Left + Side + 14)} {Number(labels + 26)}\"><title>{Escaped(title)}</title>");
        foreach (double tick in s_ticks)
        {
            svg.Append($"<path class=\"er-grid\" d=\"M{Number(X(tick))} {Number(Top)}V{Number(Top + Side)}M{Number(Left)} {Number(Y(tick))}H{Number(Left + Side)}\"/>");
            svg.Append($"<text class=\"er-tick\" text-anchor=\"middle\" x=\"{Number(X(tick))}\" y=\"{Number(labels)}\">{Number(tick)}</text>");
            svg.Append($"<text class=\"er-tick\" text-anchor=\"end\" x=\"{Number(Left - 7)}\" y=\"{Number(Y(tick) + 4)}\">{Number(tick)}</text>");
        }
        svg.Append(_shapes);
        svg.Append($"<text class=\"er-axis\" text-anchor=\"middle\" x=\"{Number(Left + (Side / 2))}\" y=\"{Number(labels + 20)}\">{Escaped(xName)}</text>");
        svg.Append($"<text class=\"er-axis\" text-anchor=\"middle\" transform=\"translate(13 {Number(Top + (Side / 2))}) rotate(-90)\">{Escaped(yName)}</text></svg>");
        return svg.ToString();
    }

    private static double X(double x) => Left + (x * Side);

    private static double Y(double y) => Top + ((1 - y) * Side);

    private static string Escaped(string text) => HtmlReportWriter.Escape(text);

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
