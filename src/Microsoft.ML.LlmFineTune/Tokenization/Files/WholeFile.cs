namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Writes files that are there whole or not at all.</summary>
internal static class WholeFile
{
    /// <summary>Writes beside the file, then puts the new one in its place.</summary>
    public static void Write(string path, Action<Stream> write)
    {
        var temporary = path + ".partial";
        try
        {
            using (var file = File.Create(temporary))
                write(file);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
