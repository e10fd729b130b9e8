namespace Microsoft.ML.LlmFineTune.Models.DebertaV2;

/// <summary>What contents and relative positions may say to each other in disentangled attention (He et al., 2020).</summary>
public enum PositionScore
{
    /// <summary>Queries look at the relative positions of keys (<c>c2p</c>).</summary>
    ContentToPosition,

    /// <summary>Keys look at the relative positions of queries (<c>p2c</c>).</summary>
    PositionToContent,
}
