using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>The schema shapes of mappings between row classes.</summary>
internal static class CustomMappingShape
{
    public static SchemaShape Output(SchemaShape inputSchema, DataViewSchema required, DataViewSchema added)
    {
        var columns = inputSchema.ToDictionary(column => column.Name);
        foreach (var member in required)
        {
            if (!columns.TryGetValue(member.Name, out var column))
                throw Contracts.ExceptParam(nameof(inputSchema), $"Could not find input column '{member.Name}'");
            SchemaShape.GetColumnTypeShape(member.Type, out var kind, out var itemType, out bool isKey);
            // A vector of unknown length takes one of known length too.
            bool fits = itemType.Equals(column.ItemType) && isKey == column.IsKey
                && (kind == SchemaShape.Column.VectorKind.VariableVector ? column.Kind != SchemaShape.Column.VectorKind.Scalar : column.Kind == kind);
            if (!fits)
                throw Contracts.ExceptParam(nameof(inputSchema), $"Schema mismatch for input column '{member.Name}': expected {member.Type}, got {column.GetTypeString()}");
        }
        foreach (var column in SchemaShape.Create(added))
            columns[column.Name] = column;
        return new SchemaShape(columns.Values);
    }
}
