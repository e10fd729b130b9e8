using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>The names that safetensors files give to types of elements.</summary>
internal static class SafeTensorsTypes
{
    private static readonly (string Name, ScalarType Type, int Bytes)[] Table =
    [
        ("F64", ScalarType.Float64, 8), ("F32", ScalarType.Float32, 4), ("F16", ScalarType.Float16, 2), ("BF16", ScalarType.BFloat16, 2),
        ("I64", ScalarType.Int64, 8), ("I32", ScalarType.Int32, 4), ("I16", ScalarType.Int16, 2), ("I8", ScalarType.Int8, 1),
        ("U8", ScalarType.Byte, 1), ("BOOL", ScalarType.Bool, 1),
    ];

    // What the format has besides, and libtorch does not, or not as numbers that a model computes with.
    private static readonly string[] NotSupported =
        ["F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F6_E2M3", "F6_E3M2", "F4", "U16", "U32", "U64", "C64"];

    public static IEnumerable<string> Names => Table.Select(row => row.Name);

    public static bool TryParse(string name, out ScalarType type)
    {
        int row = Array.FindIndex(Table, row => row.Name == name);
        type = row < 0 ? default : Table[row].Type;
        return row >= 0;
    }

    /// <summary>Whether the format knows a type that the library does not.</summary>
    public static bool IsOfTheFormat(string name) => NotSupported.Contains(name, StringComparer.Ordinal);

    public static string NameOf(ScalarType type)
    {
        int row = Array.FindIndex(Table, row => row.Type == type);
        return row >= 0 ? Table[row].Name : throw new NotSupportedException($"Safetensors files hold {string.Join(", ", Names)}; received a tensor of {type}.");
    }

    public static int BytesOf(ScalarType type) => Array.Find(Table, row => row.Type == type).Bytes;

    public static bool IsFloatingPoint(ScalarType type) => type is ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16;
}
