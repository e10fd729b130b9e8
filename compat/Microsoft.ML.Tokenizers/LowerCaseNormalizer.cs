namespace Microsoft.ML.Tokenizers;

public sealed class LowerCaseNormalizer : Normalizer
{
    public override string Normalize(string original) => original.ToLowerInvariant();

    public override string Normalize(ReadOnlySpan<char> original) => original.ToString().ToLowerInvariant();
}
