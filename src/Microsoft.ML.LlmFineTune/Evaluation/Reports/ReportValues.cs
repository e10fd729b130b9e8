using System.Globalization;
using System.Reflection;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>What a report reads out of objects that it does not know.</summary>
internal static class ReportValues
{
    internal static IEnumerable<PropertyInfo> Properties(Type type) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanRead && property.GetIndexParameters().Length == 0);

    /// <summary>The value; null where the object refuses it, as a metric may that its rows don't define.</summary>
    internal static object? Read(PropertyInfo property, object owner)
    {
        try
        {
            return property.GetValue(owner);
        }
        catch (TargetInvocationException)
        {
            return null;
        }
    }

    internal static bool IsScalar(Type type) => (Nullable.GetUnderlyingType(type) ?? type) is var plain && (plain == typeof(string) || plain == typeof(bool) || plain.IsEnum || plain == typeof(decimal) || (plain.IsPrimitive && plain != typeof(char)));

    internal static bool IsRecord(Type type) => !IsScalar(type) && !type.IsArray && !typeof(Delegate).IsAssignableFrom(type) && type.Namespace?.StartsWith("System", StringComparison.Ordinal) != true;

    /// <summary>A value that fits into a cell; null for all else.</summary>
    internal static ReportCell? Cell(object? value) => value switch
    {
        string text => (ReportCell?)(ReportCell)text,
        MetricSignature signature => (ReportCell)signature.ToString(),
        bool flag => (ReportCell)(flag ? "yes" : "no"),
        Enum name => (ReportCell)Words(name.ToString()),
        double or float or decimal => (ReportCell)Convert.ToDouble(value, CultureInfo.InvariantCulture),
        sbyte or byte or short or ushort or int or uint or long => (ReportCell)Convert.ToInt64(value, CultureInfo.InvariantCulture),
        ulong number => number <= long.MaxValue ? (ReportCell)(long)number : (ReportCell)(double)number,
        _ => null,
    };

    internal static string Text(object value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    /// <summary>"MatthewsCorrelation" as "Matthews correlation"; capitals in a row stay together.</summary>
    internal static string Words(string name)
    {
        StringBuilder words = new();
        for (int i = 0; i < name.Length; i++)
        {
            bool upper = char.IsUpper(name[i]), afterUpper = i > 0 && char.IsUpper(name[i - 1]), beforeLower = i + 1 < name.Length && char.IsLower(name[i + 1]);
            bool starts = i > 0 && upper && (!afterUpper || beforeLower);
            if (starts) words.Append(' ');
            words.Append(starts && beforeLower ? char.ToLowerInvariant(name[i]) : name[i]);
        }
        return words.ToString();
    }

    /// <summary>Words for the middle of a sentence: "Per class" as "per class", "ROC" as it is.</summary>
    internal static string Lower(string words) => words.Length > 1 && !char.IsLower(words[1]) ? words : char.ToLowerInvariant(words[0]) + words[1..];
}
