using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.Files;

/// <summary>Builds SentencePiece's rules of normalization: a double array, and the replacements. Written from the layout alone, for tests.</summary>
internal static class CharsMapBuilder
{
    private const uint LeafMark = 1u << 31;

    public static byte[] Build(params (string From, string To)[] rules)
    {
        var replacements = new List<byte>();
        var keys = new SortedDictionary<byte[], int>(Comparer<byte[]>.Create((left, right) => left.AsSpan().SequenceCompareTo(right)));
        foreach (var (from, to) in rules)
        {
            keys.Add(Encoding.UTF8.GetBytes(from), replacements.Count);
            replacements.AddRange([.. Encoding.UTF8.GetBytes(to), 0]);
        }
        var units = new List<uint>();
        var taken = new HashSet<int> { 0 };
        Place([.. keys], 0, 0, units, taken);
        var bytes = new byte[4 + (units.Count * 4)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, units.Count * 4);
        for (var i = 0; i < units.Count; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4 + (i * 4)), units[i]);
        return [.. bytes, .. replacements];
    }

    // The unit at a place gets the offset to its children: their places are that of the unit, XOR the offset, XOR the label. Label 0 is the leaf.
    private static void Place(List<KeyValuePair<byte[], int>> keys, int depth, int at, List<uint> units, HashSet<int> taken)
    {
        var children = keys.GroupBy(key => key.Key.Length == depth ? 0 : key.Key[depth]).ToList();
        var offset = 1;
        while (children.Exists(child => taken.Contains(at ^ offset ^ child.Key)))
            offset++;
        foreach (var child in children)
            taken.Add(at ^ offset ^ child.Key);
        Set(units, at, Get(units, at) | ((uint)offset << 10) | (children.Exists(child => child.Key == 0) ? 1u << 8 : 0));
        foreach (var child in children)
        {
            var place = at ^ offset ^ child.Key;
            if (child.Key == 0)
            {
                Set(units, place, LeafMark | (uint)child.Single().Value);
                continue;
            }
            Set(units, place, (uint)child.Key);
            Place([.. child], depth + 1, place, units, taken);
        }
    }

    private static uint Get(List<uint> units, int at) => at < units.Count ? units[at] : 0;

    private static void Set(List<uint> units, int at, uint unit)
    {
        while (units.Count <= at)
            units.Add(0);
        units[at] = unit;
    }
}
