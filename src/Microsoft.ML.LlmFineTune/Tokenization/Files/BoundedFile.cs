namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Reads whole files of a kind that is small.</summary>
internal static class BoundedFile
{
    /// <exception cref="NotSupportedException">There are more bytes than <paramref name="maximum"/>.</exception>
    public static byte[] ReadAll(Stream stream, string name, int maximum)
    {
        if (stream.CanSeek && stream.Length - stream.Position > maximum)
            throw TooLong(name, maximum);
        using var copy = new MemoryStream(stream.CanSeek ? (int)(stream.Length - stream.Position) : 0);
        var buffer = new byte[1 << 16];
        for (int count; (count = stream.Read(buffer)) > 0;)
        {
            if (copy.Length + count > maximum)
                throw TooLong(name, maximum);
            copy.Write(buffer, 0, count);
        }
        return copy.Length == copy.Capacity ? copy.GetBuffer() : copy.ToArray();
    }

    /// <exception cref="NotSupportedException">There are more bytes than <paramref name="maximum"/>.</exception>
    public static byte[] ReadAll(string path, int maximum)
    {
        using var stream = File.OpenRead(path);
        return ReadAll(stream, path, maximum);
    }

    private static NotSupportedException TooLong(string name, int maximum) => new($"{name} has more than {maximum} bytes: no file of its kind has.");
}
