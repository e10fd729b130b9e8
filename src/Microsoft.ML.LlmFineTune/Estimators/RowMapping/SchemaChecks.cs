using Microsoft.ML.Data;

namespace Microsoft.ML.LlmFineTune.Estimators.RowMapping;

/// <summary>Refuses a wrong schema before any work starts: which column, what it has to be, what was found.</summary>
internal static class SchemaChecks
{
    /// <param name="schema">The schema.</param>
    /// <param name="name">The column.</param>
    /// <param name="data">What errors call the data; empty for the input, which needs no name.</param>
    internal static DataViewSchema.Column RequireText(DataViewSchema schema, string name, string data = "") =>
        Require(schema, name, "text (a string)", type => type is TextDataViewType, data);

    internal static DataViewSchema.Column Require(DataViewSchema schema, string name, DataViewType expected) =>
        Require(schema, name, expected.ToString()!, expected.Equals);

    internal static DataViewSchema.Column RequireKey(DataViewSchema schema, string name)
    {
        var column = Require(schema, name, "a key (put mlContext.Transforms.Conversion.MapValueToKey before)", type => type is KeyDataViewType);
        return ((KeyDataViewType)column.Type).Count > 0
            ? column
            : throw new ArgumentException($"Column '{name}' has to be a key of a known number of values, and is {column.Type}.", nameof(schema));
    }

    internal static SchemaShape.Column RequireText(SchemaShape shape, string name) => Require(
        shape, name, "text (a string)", column => column.Kind == SchemaShape.Column.VectorKind.Scalar && column.ItemType is TextDataViewType);

    internal static SchemaShape.Column RequireKey(SchemaShape shape, string name) => Require(
        shape, name, "a key (put mlContext.Transforms.Conversion.MapValueToKey before)",
        column => column.Kind == SchemaShape.Column.VectorKind.Scalar && column.IsKey);

    internal static string Names(DataViewSchema schema) => Names(schema.Where(column => !column.IsHidden).Select(column => column.Name));

    internal static void RequireActive(DataViewSchema.Column column, bool[] active)
    {
        if (column.Index >= active.Length || !active[column.Index])
            throw new ArgumentException($"Column '{column.Name}' is not active: name it in the columnsNeeded of GetRowCursor.", nameof(column));
    }

    /// <param name="schema">The schema.</param>
    /// <param name="name">The column.</param>
    /// <param name="expected">What it has to be, in words.</param>
    /// <param name="isRight">Whether a type is that.</param>
    /// <param name="data">What errors call the data; empty for the input, which needs no name.</param>
    internal static DataViewSchema.Column Require(DataViewSchema schema, string name, string expected, Func<DataViewType, bool> isRight, string data = "")
    {
        string of = data.Length > 0 ? $" of the {data}" : "";
        var column = schema.GetColumnOrNull(name)
            ?? throw new ArgumentException($"Column '{name}'{of} is missing: it has to be {expected}. The columns are: {Names(schema)}.", nameof(schema));
        return isRight(column.Type)
            ? column
            : throw new ArgumentException($"Column '{name}'{of} has to be {expected}, and is {column.Type}.", nameof(schema));
    }

    private static SchemaShape.Column Require(SchemaShape shape, string name, string expected, Func<SchemaShape.Column, bool> isRight)
    {
        foreach (var column in shape)
        {
            if (column.Name == name)
                return isRight(column)
                    ? column
                    : throw new ArgumentException(
                        $"Column '{name}' has to be {expected}, and is {column.Kind} of {column.ItemType}{(column.IsKey ? " (a key)" : "")}.", nameof(shape));
        }
        throw new ArgumentException($"Column '{name}' is missing: it has to be {expected}. The columns are: {Names(shape.Select(column => column.Name))}.", nameof(shape));
    }

    private static string Names(IEnumerable<string> names) => names.Any() ? string.Join(", ", names) : "(none)";
}
