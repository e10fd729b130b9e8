using System.Collections;
using System.Globalization;
using System.Reflection;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>All options of a record by name: a record in it by the name of its class, its options as "Optimizer.LearningRate". Options that come later are there by themselves.</summary>
internal static class OptionTable
{
    // Deeper records are no options of a training any more.
    private const int Deepest = 4;

    /// <summary>Names and values: a number, a truth value, a text, or null where nothing is set.</summary>
    internal static IReadOnlyDictionary<string, object?> Of(object options)
    {
        Dictionary<string, object?> table = [];
        Read(options, "", 1, table);
        return table;
    }

    /// <summary>A value for people.</summary>
    internal static string Text(object? value) => value switch
    {
        null => "none",
        bool flag => flag ? "yes" : "no",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    /// <summary>Whether it is a record in C#'s sense: data and observers are not, whatever properties they have.</summary>
    private static bool IsRecord(object value) => value.GetType().GetMethod("<Clone>$") is not null;

    private static void Read(object owner, string prefix, int depth, Dictionary<string, object?> table)
    {
        foreach (PropertyInfo property in ReportValues.Properties(owner.GetType()).OrderBy(property => property.MetadataToken))
        {
            object? value = ReportValues.Read(property, owner);
            string name = prefix + property.Name;
            if (value is null || ReportValues.IsScalar(value.GetType())) table[name] = value is Enum ? value.ToString() : value;
            else if (value is Delegate) table[name] = "a function";
            else if (value is IEnumerable list) table[name] = string.Join(", ", list.Cast<object?>().Select(Text));
            else if (IsRecord(value) && depth < Deepest)
            {
                table[name] = value.GetType().Name;
                Read(value, name + ".", depth + 1, table);
            }
            else table[name] = Text(value);
        }
    }
}
