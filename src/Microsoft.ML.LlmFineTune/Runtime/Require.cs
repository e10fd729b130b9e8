using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.LlmFineTune.Runtime;

/// <summary>Guards for arguments and options. Every message says what was required, what was received and, where it helps, what to do.</summary>
internal static class Require
{
    /// <summary>Demands a value that is there.</summary>
    public static T NotNull<T>([NotNull] T? value, [CallerArgumentExpression(nameof(value))] string? name = null) where T : class
    {
        ArgumentNullException.ThrowIfNull(value, name);
        return value;
    }

    /// <summary>Demands a text with at least one character that is not white space.</summary>
    public static string Text([NotNull] string? value, [CallerArgumentExpression(nameof(value))] string? name = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(value, name);
        return value;
    }

    /// <summary>Demands minimum &lt;= value.</summary>
    public static T AtLeast<T>(T value, T minimum, [CallerArgumentExpression(nameof(value))] string? name = null) where T : INumber<T> =>
        value >= minimum ? value : throw OutOfRange(name, value, Invariant($"at least {minimum}"));

    /// <summary>Demands 0 &lt; value, finite.</summary>
    public static T Positive<T>(T value, [CallerArgumentExpression(nameof(value))] string? name = null) where T : INumber<T> =>
        value > T.Zero && T.IsFinite(value) ? value : throw OutOfRange(name, value, "greater than 0 and finite");

    /// <summary>Demands 0 &lt;= value, finite.</summary>
    public static T NotNegative<T>(T value, [CallerArgumentExpression(nameof(value))] string? name = null) where T : INumber<T> =>
        value >= T.Zero && T.IsFinite(value) ? value : throw OutOfRange(name, value, "0 or greater, and finite");

    /// <summary>Demands a finite value.</summary>
    public static T Finite<T>(T value, [CallerArgumentExpression(nameof(value))] string? name = null) where T : INumber<T> =>
        T.IsFinite(value) ? value : throw OutOfRange(name, value, "finite");

    /// <summary>Demands minimum &lt;= value &lt;= maximum.</summary>
    public static T Within<T>(T value, T minimum, T maximum, [CallerArgumentExpression(nameof(value))] string? name = null) where T : INumber<T> =>
        value >= minimum && value <= maximum ? value : throw OutOfRange(name, value, Invariant($"from {minimum} to {maximum}"));

    /// <summary>Demands minimum &lt;= value &lt; end.</summary>
    public static T Below<T>(T value, T minimum, T end, [CallerArgumentExpression(nameof(value))] string? name = null) where T : INumber<T> =>
        value >= minimum && value < end ? value : throw OutOfRange(name, value, Invariant($"at least {minimum} and less than {end}"));

    /// <summary>Demands that a condition on an argument holds; <paramref name="message"/> says what was required and received.</summary>
    public static void Argument([DoesNotReturnIf(false)] bool holds, string message, string? name = null)
    {
        if (!holds) throw new ArgumentException(message, name);
    }

    /// <summary>Demands that a condition on an object's state holds; <paramref name="message"/> says what was required and received.</summary>
    public static void State([DoesNotReturnIf(false)] bool holds, string message)
    {
        if (!holds) throw new InvalidOperationException(message);
    }

    /// <summary>The message of a guard without the parameter's name that .NET puts behind it: for errors about a file, whose reader knows no parameter.</summary>
    public static string ReasonOf(ArgumentException error)
    {
        int end = error.ParamName is null ? -1 : error.Message.LastIndexOf($" (Parameter '{error.ParamName}')", StringComparison.Ordinal);
        return end < 0 ? error.Message : error.Message[..end];
    }

    private static ArgumentOutOfRangeException OutOfRange<T>(string? name, T value, string required) =>
        new(name, value, Invariant($"{name} must be {required}; received {value}."));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
