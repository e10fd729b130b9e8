namespace Microsoft.ML.Tokenizers;

public readonly struct EncodedToken(int id, string value, Range offset) : IEquatable<EncodedToken>
{
    public int Id { get; } = id;

    public string Value { get; } = value;

    /// <summary>Place in the text that was encoded: in the normalized text where there is one.</summary>
    public Range Offset { get; } = offset;

    public bool Equals(EncodedToken other) => Id == other.Id && Value == other.Value && Offset.Equals(other.Offset);
}
