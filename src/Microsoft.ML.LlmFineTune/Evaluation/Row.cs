using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Guards for the rows that metrics are computed from. Every message names the row, counted from 0 in the order in which an accumulator was given them.</summary>
internal static class Row
{
    /// <summary>Demands a finite weight that is not negative.</summary>
    public static double Weight(double weight, long row) => weight >= 0 && double.IsFinite(weight) ? weight : throw Refused(row, "the weight must be 0 or greater, and finite", weight, nameof(weight));

    /// <summary>Demands a number that is neither NaN nor infinite.</summary>
    public static double Finite(double value, long row, string name) => double.IsFinite(value) ? value : throw Refused(row, $"the {name} must be finite", value, name);

    /// <summary>Demands a number from 0 to 1.</summary>
    public static double Probability(double value, long row, string name = "probability") => value is >= 0 and <= 1 ? value : throw Refused(row, $"the {name} must be from 0 to 1", value, name);

    /// <summary>Demands one of the classes.</summary>
    public static int Class(int value, int classes, long row, string what, string name) => (uint)value < (uint)classes ? value : throw Refused(row, Invariant($"the {what} must be at least 0 and less than {classes}"), value, name);

    /// <summary>Demands one number a column.</summary>
    public static void Length(int received, int required, long row, string name)
    {
        if (received != required) throw Refused(row, Invariant($"there must be {required} {name}"), received, name);
    }

    /// <summary>Demands numbers that are neither NaN nor infinite.</summary>
    public static void Finite(ReadOnlySpan<double> values, long row, string name)
    {
        foreach (double value in values) Finite(value, row, name);
    }

    /// <summary>Demands numbers from 0 to 1.</summary>
    public static void Probabilities(ReadOnlySpan<double> values, long row)
    {
        foreach (double value in values) Probability(value, row);
    }

    /// <summary>Demands another accumulator than this one: what it counted would count twice.</summary>
    public static T Other<T>(T self, [NotNull] T? other)
        where T : class
    {
        Require.NotNull(other);
        Require.Argument(!ReferenceEquals(self, other), "An accumulator cannot be merged into itself.", nameof(other));
        return other;
    }

    /// <summary>Demands lists of one length; no weights at all are right, too.</summary>
    public static void SameLength(int references, int predictions, int? weights = null)
    {
        Require.Argument(references == predictions, Invariant($"There must be one prediction for each reference value; received {references} references and {predictions} predictions."), nameof(predictions));
        if (weights is int given and not 0) Require.Argument(given == references, Invariant($"There must be one weight for each row, or none at all; received {references} rows and {given} weights."), nameof(weights));
    }

    /// <summary>Demands that something was seen.</summary>
    public static void Some(long rows) => Require.State(rows > 0, "A metric needs at least one row; received none.");

    /// <summary>Demands that something was seen whose weight is not 0.</summary>
    public static void Some(long rows, double totalWeight)
    {
        Some(rows);
        Require.State(totalWeight > 0, Invariant($"A metric needs at least one row with a weight above 0; received {rows} rows of weight 0."));
    }

    /// <summary>The row in doubles, in a buffer that is used again.</summary>
    public static ReadOnlySpan<double> Widen(ReadOnlySpan<float> row, ref double[] buffer)
    {
        if (buffer.Length < row.Length) buffer = new double[row.Length];
        TensorPrimitives.ConvertTruncating(row, buffer);
        return buffer.AsSpan(0, row.Length);
    }

    /// <summary>The end of a message about a row.</summary>
    public static string At(string message, long row) => Invariant($"{message} at row {row} (counted from 0).");

    private static ArgumentException Refused<T>(long row, string required, T received, string name) => new(Invariant($"Row {row}: {required}; received {received}."), name);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
