namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Ends a rendered text with the last message: a mark is put behind the message before rendering, and the text is cut where the mark comes out.</summary>
internal sealed class FinalMessage
{
    // The reference's own mark: a template that looks into the message sees the same in both.
    private const string Tag = "CONTINUE_FINAL_MESSAGE_TAG ";

    private readonly string _text;

    private FinalMessage(string text) => _text = text;

    /// <summary>Puts the mark behind the last message of a conversation.</summary>
    public static FinalMessage Mark(object?[] conversation, string field, string template)
    {
        if (conversation is not [.., DictValue last]) throw Raise.Value("continue_final_message is set but there is no message to continue.");
        if (!last.TryGetValue(field, out var content)) throw Raise.Value($"continue_final_message is set but the final message has no \"{field}\" to continue!");
        if (!template.Contains(field, StringComparison.Ordinal)) throw Raise.Value($"continue_final_message is set to \"{field}\" but this is not an accepted field in the chat_template");
        var marked = last.Copy();
        conversation[^1] = marked;
        if (Values.IsText(content, out var text))
        {
            marked[field] = text + Tag;
            return new FinalMessage(text);
        }
        if (content is not SequenceValue parts) throw Raise.Type($"continue_final_message is set but the field \"{field}\" of the final message is neither text nor parts with text: it is of type {Values.TypeName(content)}.");
        for (var i = parts.Items.Length - 1; i >= 0; i--)
        {
            if (parts.Items[i] is not DictValue part || !part.TryGetValue("text", out var said) || !Values.IsText(said, out text)) continue;
            var copy = part.Copy();
            copy["text"] = text + Tag;
            object?[] items = [.. parts.Items];
            items[i] = copy;
            marked[field] = new ListValue(items);
            return new FinalMessage(text);
        }
        throw Raise.Value("continue_final_message is set but we could not find any text to continue in the final message!");
    }

    /// <summary>Cuts a text at the mark. Where the template took the blank at the mark's end, it takes blanks at the end of messages: those before the mark go, too.</summary>
    public RenderedChat Cut(RenderedChat chat)
    {
        var at = chat.Text.LastIndexOf(Tag.TrimEnd(), StringComparison.Ordinal);
        if (at < 0 || !chat.Text.Contains(Characters.Strip(_text, null, start: true, end: true), StringComparison.Ordinal))
            throw Raise.Value("continue_final_message is set but the final message does not appear in the chat after applying the chat template! This can happen if the chat template deletes portions of the final message. "
                + "Please verify the chat template and final message in your chat to ensure they are compatible.");
        var text = chat.Text[..at];
        if (!chat.Text.AsSpan(at).StartsWith(Tag, StringComparison.Ordinal)) text = Characters.Strip(text, null, start: false, end: true);
        return new RenderedChat(text, [.. chat.GenerationSpans.Where(span => span.Start <= text.Length).Select(span => new GenerationSpan(span.Start, Math.Min(span.End, text.Length)))]);
    }
}
