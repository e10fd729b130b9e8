using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A call of a function by the assistant. For the template: <c>{"id": ..., "type": "function", "function": {"name": ..., "arguments": ...}}</c>.</summary>
/// <param name="Name">Name of the function.</param>
/// <param name="Arguments">Its arguments: an object, as most templates want it, or (as OpenAI's protocol has it) a text that holds one. Null is an empty object.</param>
/// <param name="Id">Id of the call, which the tool's answer repeats; null for none. Some templates (Mistral's) want nine letters and digits.</param>
public sealed record ChatToolCall(string Name, JsonNode? Arguments = null, string? Id = null)
{
    /// <summary>Kind of the tool. Default <c>function</c>.</summary>
    public string Type { get; init; } = "function";

    internal DictValue ToValue()
    {
        var call = new DictValue(3);
        if (Id is not null) call["id"] = Id;
        call["type"] = Type;
        call["function"] = new DictValue(2) { ["name"] = Name, ["arguments"] = Arguments is null ? new DictValue(0) : JsonValues.Of(Arguments) };
        return call;
    }
}
