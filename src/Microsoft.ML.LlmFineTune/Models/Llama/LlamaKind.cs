namespace Microsoft.ML.LlmFineTune.Models.Llama;

/// <summary>The published families that are one mathematics; what sets each apart from Llama.</summary>
public enum LlamaKind
{
    /// <summary>Llama 1 to 3, and what took its shape (SmolLM 1 and 2, TinyLlama, ...).</summary>
    Llama,

    /// <summary>Mistral: a sliding window on every layer.</summary>
    Mistral,

    /// <summary>Qwen 2 and 2.5: biases on queries, keys and values; windows on the upper layers.</summary>
    Qwen2,

    /// <summary>Qwen 3: norms on each head's queries and keys.</summary>
    Qwen3,

    /// <summary>SmolLM 3: some layers without positions.</summary>
    SmolLm3,

    /// <summary>Phi-3 and 3.5, Phi-4: projections of the same input are one matrix; dropout on what each part adds.</summary>
    Phi3,

    /// <summary>OLMo 2: norms behind each part instead of before it, and on queries and keys over their whole width.</summary>
    Olmo2,
}
