namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What Hugging Face's <c>apply_chat_template</c> does to messages before a template sees them.</summary>
internal static class Conversation
{
    private static readonly string[] Thoughts = ["reasoning_content", "thinking", "reasoning"];

    /// <summary>Fields without value are dropped; a thought is there under both names that templates use.</summary>
    public static object?[] Prepare(object?[] messages) => Array.ConvertAll(messages, message => message is DictValue fields ? (object?)Prepare(fields)
        : throw Raise.Value($"A message must be an object with the fields role and content, but one is a value of type {Values.TypeName(message)}."));

    private static DictValue Prepare(DictValue message)
    {
        var prepared = new DictValue(message.Count + 2);
        for (var i = 0; i < message.Count; i++)
        {
            var (name, value) = message.At(i);
            if (value is not null) prepared[name] = value;
        }
        foreach (var name in Thoughts)
        {
            if (!prepared.TryGetValue(name, out var thought)) continue;
            prepared["reasoning_content"] = thought;
            if (!prepared.ContainsKey("thinking")) prepared["thinking"] = thought;
            break;
        }
        return prepared;
    }
}
