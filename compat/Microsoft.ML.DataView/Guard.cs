using System.Runtime.CompilerServices;

namespace Microsoft.ML.Data;

/// <summary>The argument checks of this assembly.</summary>
internal static class Guard
{
    public static void Range(bool holds, string parameter)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(parameter);
    }

    public static void Range(bool holds, string parameter, string message)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(parameter, message);
    }

    public static T NotNull<T>(T value, [CallerArgumentExpression(nameof(value))] string parameter = null) where T : class
        => value ?? throw new ArgumentNullException(parameter);

    public static string NotEmpty(string value, [CallerArgumentExpression(nameof(value))] string parameter = null)
        => string.IsNullOrEmpty(value) ? throw new ArgumentNullException(parameter) : value;
}
