using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Tests.Checkpoints;

/// <summary>Damages files in ways of which a seed decides.</summary>
internal sealed class Mutations(int seed)
{
    // Stands for values that no JSON tree can hold; replaced in the text.
    private const string Placeholder = "@mutation@";

    private static readonly string[] Values =
    [
        "-1", "0", "1", "2", "0.5", "-0", "1e999", "-1e999", "1e-999", "2147483647", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "18446744073709551616", "1e18",
        "null", "true", "false", "\"\"", "\"1\"", "\"NaN\"", "\"../x\"", "\"\\ud800\"", "\"\\u0000\"", "[]", "{}", "[[]]", "[1,2,3]", "[0,0]", "[9223372036854775807,9223372036854775807]", "[-1,8]", "{\"a\":{}}", "NaN", "", "\"",
        "{\"a\":1,\"a\":2}", new string('[', 100) + new string(']', 100), new string('[', 5000), $"\"{new string('x', 20_000)}\"", $"[{string.Join(',', Enumerable.Repeat("1", 5000))}]",
    ];

    private readonly Random _random = new(seed);

    /// <summary>A number below <paramref name="end"/>.</summary>
    public int Next(int end) => _random.Next(end);

    /// <summary>Bits, cuts and splices anywhere.</summary>
    public byte[] OfBytes(byte[] file)
    {
        List<byte> bytes = [.. file];
        for (int i = _random.Next(3); i >= 0; i--)
        {
            int place = bytes.Count == 0 ? 0 : _random.Next(_random.Next(2) == 0 ? Math.Min(bytes.Count, 200) : bytes.Count), length = _random.Next(1, 40);
            switch (_random.Next(6))
            {
                case 0: bytes.RemoveRange(place, bytes.Count - place); break;
                case 1: bytes.RemoveRange(place, Math.Min(length, bytes.Count - place)); break;
                case 2: bytes.InsertRange(place, file.Skip(_random.Next(file.Length)).Take(length)); break;
                case 3: bytes.AddRange(file.Take(length)); break;
                default:
                    if (bytes.Count > 0) bytes[place] ^= (byte)(1 << _random.Next(8));
                    break;
            }
        }
        return [.. bytes];
    }

    /// <summary>One value, key or pair of values of a JSON text.</summary>
    public string OfJson(string json)
    {
        JsonNode root = JsonNode.Parse(json)!;
        List<JsonNode> nodes = [];
        Collect(root);
        JsonNode node = nodes[_random.Next(nodes.Count)];
        string value = Values[_random.Next(Values.Length)];
        switch (_random.Next(5))
        {
            case 0 when node.Parent is JsonObject parent:
                parent.Remove(node.GetPropertyName());
                break;
            case 1 when node.Parent is JsonObject parent:
                parent[$"{node.GetPropertyName()}x"] = node.DeepClone();
                break;
            case 2:
                node.ReplaceWith(nodes[_random.Next(nodes.Count)].DeepClone());
                break;
            default:
                node.ReplaceWith(Placeholder);
                break;
        }
        return root.ToJsonString().Replace($"\"{Placeholder}\"", value, StringComparison.Ordinal);

        void Collect(JsonNode one)
        {
            if (one != root) nodes.Add(one);
            IEnumerable<JsonNode?> children = one switch { JsonObject members => members.Select(entry => entry.Value), JsonArray items => items, _ => [] };
            foreach (JsonNode? child in children.ToList())
            {
                if (child is not null) Collect(child);
            }
        }
    }

    /// <summary>The header of a safetensors file as JSON; its length is set right again, so that what lies behind that check is reached.</summary>
    public byte[] OfHeader(byte[] file)
    {
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        string header = Encoding.UTF8.GetString(file, 8, length);
        for (int i = _random.Next(2); i >= 0; i--)
        {
            try
            {
                header = OfJson(header);
            }
            catch (Exception error) when (error is JsonException or ArgumentException or InvalidOperationException)
            {
                // The first mutation left no JSON behind, or a key twice, or half a surrogate pair.
                break;
            }
        }
        byte[] json = Encoding.UTF8.GetBytes(header), prefix = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, json.Length);
        return [.. prefix, .. json, .. file[(8 + length)..]];
    }

    /// <summary>The first 8 bytes of a safetensors file: a length that is wrong.</summary>
    public byte[] OfLength(byte[] file)
    {
        byte[] copy = [.. file];
        BinaryPrimitives.WriteUInt64LittleEndian(copy, _random.Next(4) switch
        {
            0 => (ulong)_random.Next(file.Length * 2),
            1 => (ulong)_random.NextInt64(),
            2 => ulong.MaxValue - (ulong)_random.Next(20),
            _ => (ulong)_random.Next(99_000_000, 101_000_000),
        });
        return copy;
    }
}
