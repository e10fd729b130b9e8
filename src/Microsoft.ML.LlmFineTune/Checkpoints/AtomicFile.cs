namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>Writes files so that a reader finds the old content or the new one, never a part.</summary>
public static class AtomicFile
{
    /// <summary>Writes beside the file, forces it to the disk, and puts it in the file's place.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">Writing failed (a full disk, for example); the old file is as it was.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentNullException.ThrowIfNull(write);
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch (IOException error)
        {
            throw new IOException($"Could not write '{path}': {error.Message} A file that was there is unchanged.", error);
        }
        finally
        {
            // After success it is gone already.
            if (File.Exists(temporary)) File.Delete(temporary);
        }
    }
}
