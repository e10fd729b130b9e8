using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// A chat template: how a conversation becomes the text that a model was trained on. It is what checkpoints carry in <c>tokenizer_config.json</c> (<c>chat_template</c>) or <c>chat_template.jinja</c>, a Jinja template; the rendered text is the one that Hugging Face's
/// <c>apply_chat_template</c> gives. Read once, rendered often; safe for several threads. Templates run in a sandbox: they read no files, change none of the values they are given, and stop at the limits of <see cref="ChatTemplateLimits"/>.
/// </summary>
/// <example><code>
/// var template = ChatTemplate.Parse(File.ReadAllText("chat_template.jinja"));
/// var chat = template.Render([new ChatMessage("user", "Hello!")], new ChatTemplateOptions { AddGenerationPrompt = true, SpecialTokens = new Dictionary&lt;string, string&gt; { ["bos_token"] = "&lt;s&gt;" } });
/// Console.WriteLine(chat.Text);
/// </code></example>
public sealed class ChatTemplate
{
    /// <summary>Longest template that is read, in UTF-16 units; the longest known have some ten thousand.</summary>
    public const int MaxSourceCharacters = 1 << 20;

    private readonly JinjaTemplate _template;

    private ChatTemplate(string source)
    {
        Source = source;
        _template = JinjaTemplate.Parse(source);
    }

    /// <summary>The template's own text.</summary>
    public string Source { get; }

    /// <summary>Whether the template says what the assistant generates, with <c>{% generation %}</c> blocks.</summary>
    public bool HasGenerationBlocks => _template.HasGenerationBlocks;

    /// <summary>Reads a template.</summary>
    /// <param name="template">The template, at most <see cref="MaxSourceCharacters"/> long.</param>
    /// <exception cref="ChatTemplateException">The text is not a template: the error names line and column and what was expected.</exception>
    public static ChatTemplate Parse(string template)
    {
        Require.NotNull(template);
        if (template.Length > MaxSourceCharacters) throw Raise.Limit($"A template of at most {MaxSourceCharacters:#,0} characters was expected, but this one has {template.Length:#,0}.");
        return new ChatTemplate(template);
    }

    /// <summary>Renders a conversation.</summary>
    /// <exception cref="ChatTemplateException">The template refused the conversation, failed on it, or passed a limit.</exception>
    /// <exception cref="OperationCanceledException">The options' <see cref="ChatTemplateOptions.Cancellation"/> was cancelled.</exception>
    [OverloadResolutionPriority(1)]
    public RenderedChat Render(IEnumerable<ChatMessage> messages, ChatTemplateOptions? options = null) =>
        Render([.. Require.NotNull(messages).Select((message, at) => (object?)(message ?? throw new ArgumentException($"Message {at} is null.", nameof(messages))).ToValue())], options);

    /// <summary>Renders a conversation that is JSON: an array of objects with <c>role</c> and <c>content</c> and any other fields.</summary>
    /// <exception cref="ChatTemplateException">The template refused the conversation, failed on it, or passed a limit; or the JSON is not an array of objects.</exception>
    /// <exception cref="OperationCanceledException">The options' <see cref="ChatTemplateOptions.Cancellation"/> was cancelled.</exception>
    public RenderedChat Render(JsonArray messages, ChatTemplateOptions? options = null) => Render(((ListValue)JsonValues.Of(Require.NotNull(messages))!).Items, options);

    /// <summary>Renders a conversation that is JSON: an array of objects with <c>role</c> and <c>content</c> and any other fields.</summary>
    /// <exception cref="ChatTemplateException">The template refused the conversation, failed on it, or passed a limit; or the JSON is not an array of objects.</exception>
    /// <exception cref="OperationCanceledException">The options' <see cref="ChatTemplateOptions.Cancellation"/> was cancelled.</exception>
    public RenderedChat Render(JsonElement messages, ChatTemplateOptions? options = null)
    {
        Require.Argument(messages.ValueKind == JsonValueKind.Array, $"The messages must be a JSON array, but are {messages.ValueKind}.", nameof(messages));
        return Render(((ListValue)JsonValues.Of(messages)!).Items, options);
    }

    private RenderedChat Render(object?[] messages, ChatTemplateOptions? options)
    {
        options ??= new ChatTemplateOptions();
        if (options.ContinueFinalMessage && options.AddGenerationPrompt)
            throw Raise.Value("continue_final_message and add_generation_prompt are not compatible. Use continue_final_message when you want the model to continue the final message, and add_generation_prompt when you want to add a header that will prompt it to start a new assistant message instead.");
        var budget = new RenderBudget(options.Limits, options.Cancellation);
        var conversation = Conversation.Prepare(messages);
        var final = options.ContinueFinalMessage ? FinalMessage.Mark(conversation, options.ContinuedField, Source) : null;
        var chat = _template.Render(Variables(conversation, options), options.Clock, budget);
        return final is null ? chat : final.Cut(chat);
    }

    private static Dictionary<string, object?> Variables(object?[] conversation, ChatTemplateOptions options)
    {
        var variables = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (name, token) in options.SpecialTokens ?? new Dictionary<string, string>()) variables[name] = token;
        foreach (var (name, value) in options.Variables ?? []) variables[name] = JsonValues.Of(value);
        variables["messages"] = new ListValue(conversation);
        variables["tools"] = JsonValues.Of(options.Tools);
        variables["documents"] = JsonValues.Of(options.Documents);
        variables["add_generation_prompt"] = Values.Box(options.AddGenerationPrompt);
        return variables;
    }
}
