using System.Buffers.Binary;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>
/// Writes documents into a token cache, one after the other: a file of token ids (two bytes each where the vocabulary allows) that <see cref="TokenCache"/> reads through memory mapping, so that a corpus may be larger than memory.
/// The file has its name only when <see cref="Complete"/> was called; until then it stands beside it, and is deleted if it never is.
/// </summary>
public sealed class TokenCacheWriter : IDisposable
{
    private const int BufferBytes = 1 << 18;
    private readonly string _path;
    private readonly string _incoming;
    private readonly FileStream _stream;
    private readonly byte[] _buffer = new byte[BufferBytes];
    private readonly int _vocabularySize;
    private readonly int _endOfText;
    private readonly int _bytesPerToken;
    private int _filled;
    private long _documents;
    private long _tokens;
    private ulong _fingerprint = 14695981039346656037;
    private bool _complete;

    /// <summary>Begins a file.</summary>
    /// <param name="path">Where it will be; a file that is there is replaced at the end.</param>
    /// <param name="vocabularySize">Every token is below it; at least 1.</param>
    /// <param name="endOfText">The token that stands before the first document and after each.</param>
    public TokenCacheWriter(string path, int vocabularySize, int endOfText)
    {
        _path = Require.Text(path);
        _vocabularySize = Require.AtLeast(vocabularySize, 1);
        _endOfText = Require.Below(endOfText, 0, vocabularySize);
        _bytesPerToken = vocabularySize <= 1 << 16 ? 2 : 4;
        _incoming = $"{path}.{Guid.NewGuid():N}.tmp";
        _stream = new FileStream(_incoming, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        _stream.Write(new byte[TokenCacheHeader.Size]);
        Add(endOfText);
    }

    /// <summary>Tokens so far, those between documents included.</summary>
    public long Tokens => _tokens;

    /// <summary>Adds a document; an empty one is left out.</summary>
    /// <exception cref="ArgumentException">A token is not in the vocabulary.</exception>
    /// <exception cref="InvalidOperationException">It is complete.</exception>
    public void Write(ReadOnlySpan<int> document)
    {
        Require.State(!_complete, "The token cache is complete; nothing can be added to it. Write another one.");
        if (document.IsEmpty) return;
        foreach (int token in document)
        {
            if ((uint)token >= (uint)_vocabularySize) throw new ArgumentException($"Tokens must be from 0 to {_vocabularySize - 1}; received {token}.", nameof(document));
        }
        foreach (int token in document) Add(token);
        Add(_endOfText);
        _documents++;
    }

    /// <summary>Ends the file and gives it its name.</summary>
    /// <exception cref="InvalidOperationException">There is no document, or it is complete already.</exception>
    public void Complete()
    {
        Require.State(!_complete, "The token cache is complete already.");
        Require.State(_documents > 0, "A token cache needs at least one document with a token; none was written.");
        Flush();
        Span<byte> head = stackalloc byte[TokenCacheHeader.Size];
        new TokenCacheHeader(_bytesPerToken, _vocabularySize, _endOfText, _documents, _tokens, _fingerprint).Write(head);
        _stream.Position = 0;
        _stream.Write(head);
        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
        File.Move(_incoming, _path, overwrite: true);
        _complete = true;
    }

    /// <summary>Deletes what was not completed.</summary>
    public void Dispose()
    {
        _stream.Dispose();
        if (!_complete) File.Delete(_incoming);
    }

    private void Add(int token)
    {
        if (_filled + _bytesPerToken > _buffer.Length) Flush();
        if (_bytesPerToken == 2) BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(_filled), (ushort)token);
        else BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(_filled), token);
        _filled += _bytesPerToken;
        _tokens++;
        // FNV-1a over tokens: order counts, and a step costs nothing beside tokenization.
        _fingerprint = (_fingerprint ^ (uint)token) * 1099511628211;
    }

    private void Flush()
    {
        _stream.Write(_buffer, 0, _filled);
        _filled = 0;
    }
}
