using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A message of a conversation, as chat templates read it. What is null is not there for the template.</summary>
/// <param name="Role">Who speaks: <c>system</c>, <c>user</c>, <c>assistant</c>, <c>tool</c>, or what else the template knows.</param>
/// <param name="Content">What is said; null for an assistant that only calls tools, or where <see cref="Parts"/> say it.</param>
public sealed record ChatMessage(string Role, string? Content = null)
{
    /// <summary>The parts of a content that is not text alone: objects such as <c>{"type": "text", "text": "..."}</c> or <c>{"type": "image"}</c>. They take the place of <see cref="Content"/>.</summary>
    public JsonArray? Parts { get; init; }

    /// <summary>The tools that the assistant calls.</summary>
    public IReadOnlyList<ChatToolCall>? ToolCalls { get; init; }

    /// <summary>In a tool's message: the id of the call that it answers.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>Name of the speaker, or of the tool that answers.</summary>
    public string? Name { get; init; }

    /// <summary>What the assistant thought before it answered. Templates read it as <c>reasoning_content</c> or <c>thinking</c>.</summary>
    public string? ReasoningContent { get; init; }

    /// <summary>Other fields. They come behind the fields above, and take the place of one with the same name.</summary>
    public JsonObject? ExtraFields { get; init; }

    internal DictValue ToValue()
    {
        var message = new DictValue(8) { ["role"] = Role };
        if (Parts is not null) message["content"] = JsonValues.Of(Parts);
        else if (Content is not null) message["content"] = Content;
        if (Name is not null) message["name"] = Name;
        if (ReasoningContent is not null) message["reasoning_content"] = ReasoningContent;
        if (ToolCalls is not null) message["tool_calls"] = new ListValue([.. ToolCalls.Select(call => call.ToValue())]);
        if (ToolCallId is not null) message["tool_call_id"] = ToolCallId;
        foreach (var (name, value) in ExtraFields ?? []) message[name] = JsonValues.Of(value);
        return message;
    }
}
