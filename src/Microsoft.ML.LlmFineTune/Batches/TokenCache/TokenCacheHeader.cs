using System.Buffers.Binary;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>The first 64 bytes of a token cache: what is in it, so that a cut or foreign file is noticed.</summary>
/// <param name="BytesPerToken">2 or 4; little-endian, unsigned.</param>
/// <param name="VocabularySize">Every token is below it.</param>
/// <param name="EndOfText">The token that stands before the first document and after each.</param>
/// <param name="Documents">How many documents.</param>
/// <param name="Tokens">How many tokens, those between documents included.</param>
/// <param name="Fingerprint">A hash of all tokens.</param>
internal sealed record TokenCacheHeader(int BytesPerToken, int VocabularySize, int EndOfText, long Documents, long Tokens, ulong Fingerprint)
{
    public const int Size = 64;
    private const int Version = 1;

    private static ReadOnlySpan<byte> Magic => "LLMTOKEN"u8;

    public void Write(Span<byte> to)
    {
        to.Clear();
        Magic.CopyTo(to);
        BinaryPrimitives.WriteInt32LittleEndian(to[8..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(to[12..], BytesPerToken);
        BinaryPrimitives.WriteInt32LittleEndian(to[16..], VocabularySize);
        BinaryPrimitives.WriteInt32LittleEndian(to[20..], EndOfText);
        BinaryPrimitives.WriteInt64LittleEndian(to[24..], Documents);
        BinaryPrimitives.WriteInt64LittleEndian(to[32..], Tokens);
        BinaryPrimitives.WriteUInt64LittleEndian(to[40..], Fingerprint);
    }

    /// <exception cref="InvalidDataException">The file is no token cache, or not whole.</exception>
    public static TokenCacheHeader Read(ReadOnlySpan<byte> from, long fileLength, string path)
    {
        if (from.Length < Size || !from[..8].SequenceEqual(Magic)) throw new InvalidDataException($"'{path}' is no token cache: it does not begin as one. Write it anew.");
        int version = BinaryPrimitives.ReadInt32LittleEndian(from[8..]);
        if (version != Version) throw new InvalidDataException($"'{path}' is a token cache of version {version}; this library reads version {Version}. Write it anew.");
        TokenCacheHeader header = new(
            BinaryPrimitives.ReadInt32LittleEndian(from[12..]), BinaryPrimitives.ReadInt32LittleEndian(from[16..]), BinaryPrimitives.ReadInt32LittleEndian(from[20..]),
            BinaryPrimitives.ReadInt64LittleEndian(from[24..]), BinaryPrimitives.ReadInt64LittleEndian(from[32..]), BinaryPrimitives.ReadUInt64LittleEndian(from[40..]));
        bool isSane = header is { BytesPerToken: 2 or 4, VocabularySize: > 0, Documents: > 0, Tokens: > 2 } && (uint)header.EndOfText < (uint)header.VocabularySize;
        if (!isSane || header.Tokens > (fileLength - Size) / header.BytesPerToken || fileLength - Size != header.Tokens * header.BytesPerToken)
            throw new InvalidDataException($"'{path}' is not whole: it has {fileLength} bytes, and its head speaks of {header.Tokens} tokens of {header.BytesPerToken} bytes. Write it anew.");
        return header;
    }
}
