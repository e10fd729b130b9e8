namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>Why a generated text ends.</summary>
public enum FinishReason
{
    /// <summary>It has as many tokens as were asked for.</summary>
    Length,

    /// <summary>The model gave an end token.</summary>
    EndToken,

    /// <summary>One of the stop strings appeared.</summary>
    StopString,

    /// <summary>The time that was given is over.</summary>
    Time,
}
