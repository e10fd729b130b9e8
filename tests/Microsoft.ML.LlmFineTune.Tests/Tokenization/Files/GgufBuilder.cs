using System.Text;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Files;

/// <summary>Writes GGUF files that hold metadata only, byte by byte from the format's description.</summary>
internal sealed class GgufBuilder(uint version = 3)
{
    private readonly MemoryStream _entries = new();
    private ulong _count;

    public GgufBuilder Add(string key, object value)
    {
        _count++;
        using var writer = new BinaryWriter(_entries, Encoding.UTF8, leaveOpen: true);
        Text(writer, key);
        writer.Write(TypeOf(value));
        Value(writer, value);
        return this;
    }

    public byte[] Build()
    {
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        writer.Write("GGUF"u8);
        writer.Write(version);
        writer.Write(0UL);
        writer.Write(_count);
        writer.Write(_entries.ToArray());
        return file.ToArray();
    }

    private static uint TypeOf(object value) => value switch { byte => 0, sbyte => 1, ushort => 2, short => 3, uint => 4, int => 5, float => 6, bool => 7, string => 8, Array => 9, ulong => 10, long => 11, double => 12, _ => throw new ArgumentException("unknown type") };

    private static void Value(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case byte number: writer.Write(number); break;
            case sbyte number: writer.Write(number); break;
            case ushort number: writer.Write(number); break;
            case short number: writer.Write(number); break;
            case uint number: writer.Write(number); break;
            case int number: writer.Write(number); break;
            case float number: writer.Write(number); break;
            case bool flag: writer.Write(flag); break;
            case ulong number: writer.Write(number); break;
            case long number: writer.Write(number); break;
            case double number: writer.Write(number); break;
            case string text: Text(writer, text); break;
            case Array array:
                writer.Write(array.Length == 0 ? 4u : TypeOf(array.GetValue(0)!));
                writer.Write((ulong)array.Length);
                foreach (var item in array)
                    Value(writer, item);
                break;
        }
    }

    private static void Text(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }
}
