using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>A file of token ids that was written by <see cref="TokenCacheWriter"/>, mapped into memory: pages come from the file when they are read, and go when memory is wanted elsewhere.</summary>
/// <remarks>The file must not be cut or replaced in place while it is open.</remarks>
public sealed unsafe class TokenCache : IDisposable
{
    private readonly TokenCacheHeader _header;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _tokens;

    private TokenCache(TokenCacheHeader header, MemoryMappedFile file, MemoryMappedViewAccessor view)
    {
        (_header, _file, _view) = (header, file, view);
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _tokens = start + view.PointerOffset + TokenCacheHeader.Size;
    }

    /// <summary>How many documents there are.</summary>
    public long Documents => _header.Documents;

    /// <summary>How many tokens there are, those between documents included.</summary>
    public long Tokens => _header.Tokens;

    /// <summary>Every token is below it.</summary>
    public int VocabularySize => _header.VocabularySize;

    /// <summary>The token that stands before the first document and after each.</summary>
    public int EndOfText => _header.EndOfText;

    /// <summary>A hash of all tokens, made when they were written.</summary>
    public ulong Fingerprint => _header.Fingerprint;

    /// <summary>Opens a file.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is no token cache, or not whole.</exception>
    public static TokenCache Open(string path)
    {
        if (!File.Exists(Require.Text(path))) throw new FileNotFoundException($"There is no token cache '{path}'.", path);
        TokenCacheHeader header;
        using (FileStream stream = File.OpenRead(path))
        {
            byte[] head = new byte[TokenCacheHeader.Size];
            header = TokenCacheHeader.Read(head.AsSpan(0, stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)), stream.Length, path);
        }
        MemoryMappedFile file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, mapName: null, capacity: 0, MemoryMappedFileAccess.Read);
        return new TokenCache(header, file, file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read));
    }

    /// <summary>Copies tokens out.</summary>
    /// <param name="start">The first one, from 0.</param>
    /// <param name="destination">As many as it has room for.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many.</exception>
    public void Read(long start, Span<int> destination)
    {
        ObjectDisposedException.ThrowIf(_view.SafeMemoryMappedViewHandle.IsClosed, this);
        Require.Within(start, 0, Tokens - destination.Length);
        if (_header.BytesPerToken == 2)
        {
            byte* from = _tokens + (start * 2);
            for (int i = 0; i < destination.Length; i++) destination[i] = BinaryPrimitives.ReadUInt16LittleEndian(new ReadOnlySpan<byte>(from + (i * 2L), 2));
        }
        else
        {
            byte* from = _tokens + (start * 4);
            for (int i = 0; i < destination.Length; i++) destination[i] = BinaryPrimitives.ReadInt32LittleEndian(new ReadOnlySpan<byte>(from + (i * 4L), 4));
        }
        // The file may have been changed since it was written; a model must not be asked for what it does not know.
        foreach (int token in destination)
        {
            if ((uint)token >= (uint)VocabularySize) throw new InvalidDataException($"The token cache has {VocabularySize} different tokens; at {start} and after there is {token}. It was changed since it was written: write it anew.");
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        if (!_view.SafeMemoryMappedViewHandle.IsClosed) _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }
}
