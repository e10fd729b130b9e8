namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Which evaluation of SQuAD.</summary>
public enum SquadVersion
{
    /// <summary>1.1 (Rajpurkar et al., 2016): every question has an answer.</summary>
    V1,

    /// <summary>2.0 (Rajpurkar et al., 2018): questions may have no answer, and a prediction may say so by the empty text or by its probability.</summary>
    V2,
}
