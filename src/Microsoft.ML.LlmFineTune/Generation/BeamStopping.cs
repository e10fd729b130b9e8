using System.Text.Json.Serialization;

namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>When beams stop, once as many texts are complete as there are beams.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BeamStopping>))]
public enum BeamStopping
{
    /// <summary>When the best beam, at its present length, scores no better than the worst complete text: better ones are unlikely (Hugging Face's <c>early_stopping</c> false).</summary>
    Heuristic,

    /// <summary>At once (<c>true</c>).</summary>
    Immediate,

    /// <summary>When no beam can become better, whatever length it may reach (<c>"never"</c>).</summary>
    Never,
}
