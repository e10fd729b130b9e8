namespace Microsoft.ML.LlmFineTune.Optimization;

/// <summary>How Muon's step grows with the shape of a matrix.</summary>
public enum MuonAdjustment
{
    /// <summary>By sqrt(max(1, rows / columns)).</summary>
    Original = 0,

    /// <summary>By 0.2 sqrt(max(rows, columns)): the steps are as large as AdamW's, so its learning rates and decays can be kept (Liu and others: "Muon is Scalable for LLM Training", 2025).</summary>
    MatchAdamW = 1,
}
