using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>
/// Options are promises: the default of every property of every options record, and what <c>Validate</c> refuses of some values that are often out of range, stand in a file. Whoever changes one changes the file, too.
/// </summary>
public sealed class PinnedOptionsTests
{
    private static readonly string File = Path.Combine(AppContext.BaseDirectory, "Fixtures", "options.txt");

    private static readonly double[] Numbers = [double.NaN, -1, 0, 0.5, 1, 2, double.PositiveInfinity];

    private static readonly int[] Counts = [-1, 0, 1];

    [Fact]
    public void Every_default_and_what_is_refused_is_pinned()
    {
        string[] expected = System.IO.File.ReadAllLines(File), actual = [.. Types().SelectMany(Lines)];
        Assert.True(actual.Length > 400);
        string differences = string.Join('\n', [.. expected.Except(actual).Select(line => $"- {line}"), .. actual.Except(expected).Select(line => $"+ {line}")]);
        Assert.True(differences.Length == 0, $"Options are not what Fixtures/options.txt says:\n{differences}");
        Assert.Equal(expected, actual);
    }

    /// <summary>Options and schedules: records that can be made without arguments.</summary>
    private static IEnumerable<Type> Types() =>
        typeof(LlmFineTune.Training.TrainingOptions).Assembly.GetExportedTypes()
            .Where(type => type.GetMethod("<Clone>$") is not null && !type.IsAbstract && type.GetConstructor(Type.EmptyTypes) is not null && (type.Name.EndsWith("Options", StringComparison.Ordinal) || type.Name.EndsWith("Schedule", StringComparison.Ordinal)))
            .OrderBy(type => type.Name, StringComparer.Ordinal);

    private static IEnumerable<string> Lines(Type type)
    {
        bool isValid = Refusal(type, _ => { }) is null;
        foreach (PropertyInfo property in type.GetProperties().Where(property => property.SetMethod is not null).OrderBy(property => property.Name, StringComparer.Ordinal))
        {
            string[] refused = isValid ? [.. Probes(property.PropertyType).Where(probe => Refusal(type, options => property.SetValue(options, probe)) is not null).Select(Text)] : [];
            yield return $"{type.Name}.{property.Name} = {Text(property.GetValue(Activator.CreateInstance(type)))}{(refused.Length > 0 ? $", not {string.Join(" ", refused)}" : "")}";
        }
    }

    /// <summary>Why options are not valid; null: they are.</summary>
    private static Exception? Refusal(Type type, Action<object> change)
    {
        object options = Activator.CreateInstance(type)!;
        // What has no default, since only the caller knows it.
        int count = 0;
        foreach (PropertyInfo needed in type.GetProperties().Where(property => property.GetCustomAttribute<RequiredMemberAttribute>() is not null).OrderBy(property => property.Name, StringComparer.Ordinal))
        {
            if (needed.PropertyType == typeof(string)) needed.SetValue(options, "x");
            else if (needed.PropertyType == typeof(int)) needed.SetValue(options, 10 + (400 * count++));
        }
        try
        {
            change(options);
            type.GetMethod("Validate", Type.EmptyTypes)?.Invoke(options, null);
            return null;
        }
        catch (TargetInvocationException error) when (error.InnerException is ArgumentException refusal)
        {
            return refusal;
        }
    }

    private static IEnumerable<object> Probes(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum) return [Enum.ToObject(type, 99)];
        if (type == typeof(double)) return Numbers.Cast<object>();
        if (type == typeof(float)) return Numbers.Select(number => (object)(float)number);
        if (type == typeof(int)) return Counts.Cast<object>();
        if (type == typeof(long)) return Counts.Select(number => (object)(long)number);
        if (type == typeof(TimeSpan)) return [TimeSpan.FromSeconds(-1), TimeSpan.Zero];
        return type == typeof(string) ? [""] : [];
    }

    private static string Text(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        string text => $"\"{text.Replace("\n", "\\n", StringComparison.Ordinal)}\"",
        Enum name => name.ToString(),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        ITuple tuple => $"({string.Join(", ", Enumerable.Range(0, tuple.Length).Select(i => Text(tuple[i])))})",
        IEnumerable list => $"[{string.Join(", ", list.Cast<object?>().Select(Text))}]",
        _ => value.GetType().Name,
    };
}
