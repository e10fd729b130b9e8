namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What a BPE model does beside merging.</summary>
/// <param name="Dropout">The probability that a merge is passed over (Provilkov et al., "BPE-Dropout", 2020); null or 0 for none.</param>
/// <param name="UnknownToken">What stands for characters that the vocabulary doesn't have; null leaves them out.</param>
/// <param name="ContinuingPrefix">What tokens that don't begin a word begin with.</param>
/// <param name="EndSuffix">What tokens that end a word end with.</param>
/// <param name="FuseUnknown">Whether neighbouring unknown characters are one token.</param>
/// <param name="ByteFallback">Whether unknown characters become tokens of their bytes, if the vocabulary has those.</param>
/// <param name="IgnoreMerges">Whether a word that is a token as a whole is that token, whatever the merges say.</param>
/// <param name="DropoutSeed">Where the draws of dropout begin; null draws other numbers every time. No part of a file.</param>
internal sealed record BpeModelOptions(
    double? Dropout = null, string? UnknownToken = null, string? ContinuingPrefix = null, string? EndSuffix = null,
    bool FuseUnknown = false, bool ByteFallback = false, bool IgnoreMerges = false, int? DropoutSeed = null);
