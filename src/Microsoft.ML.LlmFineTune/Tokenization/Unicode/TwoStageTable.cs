using System.Runtime.CompilerServices;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A number for each code point: blocks of 256, equal ones stored once.</summary>
internal sealed class TwoStageTable
{
    private const int BlockBits = 8;
    private const int BlockSize = 1 << BlockBits;

    private readonly ushort[] _blocks;
    private readonly ushort[] _values;

    /// <summary>A table of one value a code point.</summary>
    public TwoStageTable(ReadOnlySpan<ushort> values)
    {
        _blocks = new ushort[values.Length / BlockSize];
        var blocks = new Dictionary<Block, ushort>();
        var stored = new List<ushort>();
        for (var block = 0; block < _blocks.Length; block++)
        {
            var content = new Block(values.Slice(block * BlockSize, BlockSize).ToArray());
            if (!blocks.TryGetValue(content, out _blocks[block]))
            {
                blocks.Add(content, _blocks[block] = (ushort)blocks.Count);
                stored.AddRange(content.Values);
            }
        }
        _values = [.. stored];
    }

    /// <summary>The value of a code point (0 to 10FFFF).</summary>
    public ushort this[int codePoint]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _values[(_blocks[codePoint >> BlockBits] << BlockBits) | (codePoint & (BlockSize - 1))];
    }

    private readonly struct Block(ushort[] values) : IEquatable<Block>
    {
        public ushort[] Values { get; } = values;

        public bool Equals(Block other) => Values.AsSpan().SequenceEqual(other.Values);

        public override bool Equals(object? obj) => obj is Block other && Equals(other);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.AddBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(Values.AsSpan()));
            return hash.ToHashCode();
        }
    }
}
