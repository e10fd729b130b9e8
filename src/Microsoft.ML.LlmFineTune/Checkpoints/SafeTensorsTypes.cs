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

    public static IEnumerable<string> Names => Table.Select(row => row.Name);

    public static bool TryParse(string name, out ScalarType type)
    {
        int row = Array.FindIndex(Table, row => row.Name == name);
        type = row < 0 ? default : Table[row].Type;
        return row >= 0;
    }

    public static string NameOf(ScalarType type)
    {
        int row = Array.FindIndex(Table, row => row.Type == type);
        return row >= 0 ? Table[row].Name : throw new NotSupportedException($"Safetensors files hold {string.Join(", ", Names)}; received a tensor of {type}.");
    }

    public static int BytesOf(ScalarType type) => Array.Find(Table, row => row.Type == type).Bytes;
}
