using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>An axis between two values, with round numbers at its ticks.</summary>
internal sealed class ChartAxis
{
    private const int MostDecades = 6;

    private readonly bool _logarithmic;

    private ChartAxis(double least, double most, bool logarithmic)
    {
        (Least, Most, _logarithmic) = (least, most, logarithmic);
        Ticks = [.. logarithmic ? Decades(least, most) : Between(least, most)];
    }

    /// <summary>Its beginning.</summary>
    internal double Least { get; }

    /// <summary>Its end.</summary>
    internal double Most { get; }

    /// <summary>The round numbers on it.</summary>
    internal IReadOnlyList<double> Ticks { get; }

    /// <summary>An axis that fits values.</summary>
    /// <param name="values">At least one; finite, with a logarithmic axis greater than 0.</param>
    /// <param name="logarithmic">Whether equal ratios have equal lengths.</param>
    internal static ChartAxis Of(IEnumerable<double> values, bool logarithmic)
    {
        double least = double.PositiveInfinity, most = double.NegativeInfinity;
        foreach (double value in values) (least, most) = (Math.Min(least, value), Math.Max(most, value));
        if (logarithmic) return most > least * 1.01 ? new ChartAxis(least, most, true) : new ChartAxis(least / 2, most * 2, true);
        // One value alone gets room around it.
        double room = most > least && most - least > Math.Abs(most) * 1e-9 ? 0 : Math.Max(Math.Abs(most) * 0.5, 0.5);
        return new ChartAxis(least - room, most + room, false);
    }

    /// <summary>Where a value stands, from 0 to 1.</summary>
    internal double Place(double value) => _logarithmic ? (Math.Log(value) - Math.Log(Least)) / (Math.Log(Most) - Math.Log(Least)) : (value / 2 - Least / 2) / (Most / 2 - Least / 2);

    /// <summary>A tick's number in few letters.</summary>
    internal static string Label(double value) => Math.Abs(value) switch
    {
        0 => "0",
        >= 1e12 or < 1e-3 => value.ToString("0.##E+0", CultureInfo.InvariantCulture),
        >= 1e9 => (value / 1e9).ToString("0.######", CultureInfo.InvariantCulture) + "G",
        >= 1e6 => (value / 1e6).ToString("0.######", CultureInfo.InvariantCulture) + "M",
        >= 1e4 => (value / 1e3).ToString("0.######", CultureInfo.InvariantCulture) + "k",
        _ => value.ToString("0.######", CultureInfo.InvariantCulture),
    };

    /// <summary>Three to six round numbers between two.</summary>
    internal static IEnumerable<double> Between(double least, double most)
    {
        double step = Math.Pow(10, Math.Floor(Math.Log10(most - least)));
        if ((most - least) / step > 5) step *= 2;
        if ((most - least) / step < 2) step /= 5;
        else if ((most - least) / step < 3) step /= 2;
        for (double i = Math.Ceiling(least / step); i <= Math.Floor(most / step); i++) yield return i * step;
    }

    /// <summary>Powers of ten, all or each so many; with few of them, their double and fivefold, too; with none, round numbers.</summary>
    private static IEnumerable<double> Decades(double least, double most)
    {
        int first = (int)Math.Floor(Math.Log10(least)), last = (int)Math.Ceiling(Math.Log10(most)), each = Math.Max(1, (last - first + MostDecades - 1) / MostDecades);
        double[] multiples = last - first <= 2 ? [1, 2, 5] : [1];
        List<double> ticks = [];
        for (int decade = first; decade <= last; decade += each)
            ticks.AddRange(multiples.Select(multiple => multiple * Math.Pow(10, decade)).Where(tick => tick >= least * (1 - 1e-9) && tick <= most * (1 + 1e-9)));
        return ticks.Count >= 2 ? ticks : Between(least, most);
    }
}
