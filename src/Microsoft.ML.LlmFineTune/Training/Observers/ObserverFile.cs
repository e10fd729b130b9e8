using System.Buffers;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>
/// A file that grows while training goes on. What is added is held back for half a second of steps at most and then written in one piece; between writes the file is closed, so nothing has to be disposed and
/// another program may read, move or delete it. Where a piece can't be written whole, its part is taken back.
/// </summary>
internal sealed class ObserverFile
{
    private static readonly TimeSpan s_heldBack = TimeSpan.FromMilliseconds(500);

    private readonly ArrayBufferWriter<byte> _held = new();
    private readonly TimeProvider _clock;
    private readonly Func<string, Stream> _open;
    private long _written;

    /// <summary>Makes the file's folder.</summary>
    /// <param name="path">The file.</param>
    /// <param name="clock">Tells when it is time to write.</param>
    /// <param name="open">Opens the file for writing; null: as files are opened.</param>
    /// <exception cref="IOException">The folder can't be made.</exception>
    internal ObserverFile(string path, TimeProvider clock, Func<string, Stream>? open = null)
    {
        (Path, _clock, _open) = (path, clock, open ?? Open);
        _written = clock.GetTimestamp();
        Try(() => Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!));
    }

    /// <summary>Its path.</summary>
    internal string Path { get; }

    /// <summary>Adds to the file.</summary>
    internal void Add(ReadOnlySpan<byte> bytes)
    {
        _held.Write(bytes);
        if (_clock.GetElapsedTime(_written) >= s_heldBack) Flush();
    }

    /// <summary>Writes what is held back.</summary>
    /// <exception cref="IOException">Writing failed; what was written before is there.</exception>
    internal void Flush()
    {
        if (_held.WrittenCount > 0) Try(Write);
        _held.ResetWrittenCount();
        _written = _clock.GetTimestamp();
    }

    /// <summary>Cuts the end of the file off.</summary>
    internal void Truncate(long length) => Try(() =>
    {
        using Stream stream = _open(Path);
        stream.SetLength(length);
    });

    /// <summary>Does something with the file.</summary>
    /// <exception cref="IOException">It could not be done; the message says with which file, and that training ends.</exception>
    internal void Try(Action act)
    {
        try
        {
            act();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"Could not write '{Path}', which shows training: {error.Message} What was written before is unchanged; training ends here. Make room, or give another place.", error);
        }
    }

    private void Write()
    {
        using Stream stream = _open(Path);
        long before = stream.Length;
        stream.Seek(0, SeekOrigin.End);
        try
        {
            stream.Write(_held.WrittenSpan);
            stream.Flush();
        }
        catch (IOException)
        {
            // A half row would be in the way of whoever reads the file.
            stream.SetLength(before);
            throw;
        }
    }

    private static FileStream Open(string path) => new(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
}
