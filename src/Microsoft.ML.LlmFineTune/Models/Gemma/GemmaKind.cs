namespace Microsoft.ML.LlmFineTune.Models.Gemma;

/// <summary>The generations of Gemma.</summary>
public enum GemmaKind
{
    /// <summary>Gemma: Llama's layers with norms that are stored as a difference from 1, and scaled embeddings.</summary>
    Gemma,

    /// <summary>Gemma 2: norms before and behind each part, every other layer with a window, scores and logits capped.</summary>
    Gemma2,

    /// <summary>The texts' part of Gemma 3: five of six layers with a window and positions of their own, norms on each head's queries and keys, nothing capped.</summary>
    Gemma3,
}
