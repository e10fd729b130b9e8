using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>Sums up a content as the hub does: SHA-256 for large files, SHA-1 of "blob SIZE\0" and the content, as git names it, for small ones.</summary>
internal sealed class HubChecksum : IDisposable
{
    private readonly IncrementalHash _hash;
    private readonly byte[] _head;

    public HubChecksum(HubFile file)
    {
        bool isGit = file.Checksum.Length == 40;
        _hash = IncrementalHash.CreateHash(isGit ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256);
        _head = isGit ? Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {file.Size}\0")) : [];
        _hash.AppendData(_head);
    }

    /// <summary>Forgets the content so far.</summary>
    public void Restart()
    {
        _ = _hash.GetHashAndReset();
        _hash.AppendData(_head);
    }

    public void Append(ReadOnlySpan<byte> bytes) => _hash.AppendData(bytes);

    public string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    public void Dispose() => _hash.Dispose();
}
