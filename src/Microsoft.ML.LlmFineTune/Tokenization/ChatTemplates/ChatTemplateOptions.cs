using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>How a conversation is rendered: the arguments of Hugging Face's <c>apply_chat_template</c>.</summary>
public sealed record ChatTemplateOptions
{
    /// <summary>Whether the text ends with what starts a new message of the assistant (<c>add_generation_prompt</c>). Default false.</summary>
    public bool AddGenerationPrompt { get; init; }

    /// <summary>
    /// Whether the text ends with the last message, without what would close it, so that a model goes on with it (<c>continue_final_message</c>). Default false; not together with <see cref="AddGenerationPrompt"/>.
    /// Blanks at the end of the message stay, if the template keeps them.
    /// </summary>
    public bool ContinueFinalMessage { get; init; }

    /// <summary>The field of the last message that is to be continued. Default <c>content</c>; <c>reasoning_content</c> for a thought. Read only with <see cref="ContinueFinalMessage"/>.</summary>
    public string ContinuedField { get; init => field = Require.Text(value); } = "content";

    /// <summary>The tools that the model may call, each a JSON schema of a function: <c>{"type": "function", "function": {"name": ..., "description": ..., "parameters": ...}}</c>. Null (the default) is None for the template.</summary>
    public JsonArray? Tools { get; init; }

    /// <summary>Documents for retrieval-augmented generation, each an object, mostly with <c>title</c> and <c>text</c>. Null (the default) is None for the template.</summary>
    public JsonArray? Documents { get; init; }

    /// <summary>Special tokens as variables: <c>bos_token</c>, <c>eos_token</c>, <c>pad_token</c>, <c>unk_token</c> and others. Default none.</summary>
    public IReadOnlyDictionary<string, string>? SpecialTokens { get; init; }

    /// <summary>Other variables of the template, such as <c>enable_thinking</c>. One with the name of a special token takes its place. Default none.</summary>
    public JsonObject? Variables { get; init; }

    /// <summary>The clock of <c>strftime_now</c>: its local time. Default the system's.</summary>
    public TimeProvider Clock { get; init => field = Require.NotNull(value); } = TimeProvider.System;

    /// <summary>What the template may use up.</summary>
    public ChatTemplateLimits Limits { get; init => field = Require.NotNull(value); } = ChatTemplateLimits.Default;

    /// <summary>Ends the rendering with an <see cref="OperationCanceledException"/>. Default never.</summary>
    public CancellationToken Cancellation { get; init; }
}
