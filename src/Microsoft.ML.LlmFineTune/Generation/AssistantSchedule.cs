using System.Text.Json.Serialization;

namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>How many tokens a draft model proposes at a time.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AssistantSchedule>))]
public enum AssistantSchedule
{
    /// <summary>Always as many.</summary>
    Constant,

    /// <summary>Two more after a draft that stayed whole, else one fewer, at least one; every text begins anew (<c>heuristic</c>, <c>heuristic_transient</c>).</summary>
    Heuristic,
}
