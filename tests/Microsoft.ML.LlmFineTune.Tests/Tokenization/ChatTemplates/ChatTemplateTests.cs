using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.ChatTemplates;

/// <summary>The public side: messages, options, spans and masks.</summary>
public sealed class ChatTemplateTests
{
    private const string ChatMl = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";

    [Fact]
    public void Renders_messages_and_the_same_as_JSON()
    {
        var template = ChatTemplate.Parse(ChatMl);
        var options = new ChatTemplateOptions { AddGenerationPrompt = true };
        const string expected = "<|user|>Hi<|end|><|assistant|>";
        Assert.Equal(expected, template.Render([new ChatMessage("user", "Hi")], options).Text);
        const string json = """[{"role": "user", "content": "Hi"}]""";
        Assert.Equal(expected, template.Render(JsonNode.Parse(json)!.AsArray(), options).Text);
        using var document = JsonDocument.Parse(json);
        Assert.Equal(expected, template.Render(document.RootElement, options).Text);
        Assert.Equal(expected[..^"<|assistant|>".Length], template.Render([new ChatMessage("user", "Hi")]).Text);
    }

    [Fact]
    public void Messages_carry_calls_names_thoughts_parts_and_other_fields()
    {
        var template = ChatTemplate.Parse("{{ messages | tojson }}");
        ChatMessage[] messages =
        [
            new("assistant") { ToolCalls = [new("f", new JsonObject { ["a"] = 1, ["b"] = 1.0 }, "id1")], ReasoningContent = "hm" },
            new("tool", "r") { ToolCallId = "id1", Name = "f", ExtraFields = new JsonObject { ["x"] = true } },
            new("user") { Parts = [new JsonObject { ["type"] = "image" }] },
        ];
        Assert.Equal("""[{"role": "assistant", "reasoning_content": "hm", "tool_calls": [{"id": "id1", "type": "function", "function": {"name": "f", "arguments": {"a": 1, "b": 1.0}}}], "thinking": "hm"}, """
            + """{"role": "tool", "content": "r", "name": "f", "tool_call_id": "id1", "x": true}, {"role": "user", "content": [{"type": "image"}]}]""", template.Render(messages).Text);
    }

    [Fact]
    public void Null_fields_are_not_there_and_thoughts_have_both_names()
    {
        var template = ChatTemplate.Parse("{{ messages | tojson }}{{ tools is none }}{{ documents is none }}");
        var messages = JsonNode.Parse("""[{"role": "a", "content": null, "reasoning": "r"}, {"role": "b", "thinking": "t", "reasoning": "r"}]""")!.AsArray();
        Assert.Equal("""[{"role": "a", "reasoning": "r", "reasoning_content": "r", "thinking": "r"}, {"role": "b", "thinking": "t", "reasoning": "r", "reasoning_content": "t"}]TrueTrue""", template.Render(messages).Text);
    }

    [Fact]
    public void Variables_take_the_place_of_special_tokens_and_the_clock_is_the_options()
    {
        var template = ChatTemplate.Parse("{{ bos_token }}{{ eos_token }}{{ flag }}{{ tools[0].function.name }}{{ documents | length }}{{ strftime_now('%d %B %Y') }}");
        var options = new ChatTemplateOptions
        {
            SpecialTokens = new Dictionary<string, string> { ["bos_token"] = "<s>", ["eos_token"] = "</s>" },
            Variables = new JsonObject { ["bos_token"] = "[B]", ["flag"] = false },
            Tools = [new JsonObject { ["type"] = "function", ["function"] = new JsonObject { ["name"] = "f" } }],
            Documents = [new JsonObject { ["title"] = "t" }],
            Clock = new ChatTemplateFixtures.StandingClock(),
        };
        Assert.Equal("[B]</s>Falsef105 March 2024", template.Render([], options).Text);
    }

    [Theory]
    [InlineData("Hello  ", "<|assistant|>Hello  ", ChatMl)]
    [InlineData("Hello  ", "<|assistant|>Hello", "{% for m in messages %}<|{{ m.role }}|>{{ m.content | trim }}<|end|>{% endfor %}")]
    public void A_final_message_is_continued(string content, string expected, string template) =>
        Assert.Equal(expected, ChatTemplate.Parse(template).Render([new ChatMessage("assistant", content)], new ChatTemplateOptions { ContinueFinalMessage = true }).Text);

    [Fact]
    public void A_final_message_that_cannot_be_continued_is_an_error()
    {
        Assert.Equal(ChatTemplateErrorKind.ValueError, Kind(ChatMl, new ChatMessage("assistant", "x"), new() { ContinueFinalMessage = true, AddGenerationPrompt = true }));
        Assert.Equal(ChatTemplateErrorKind.ValueError, Kind("{{ messages[0].content[:1] }}", new ChatMessage("assistant", "xyz"), new() { ContinueFinalMessage = true }));
        Assert.Equal(ChatTemplateErrorKind.ValueError, Kind(ChatMl, new ChatMessage("assistant"), new() { ContinueFinalMessage = true }));

        static ChatTemplateErrorKind Kind(string template, ChatMessage message, ChatTemplateOptions options) => Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template).Render([message], options)).Kind;
    }

    [Fact]
    public void A_template_refuses_a_conversation_in_its_own_words()
    {
        var refused = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("{{ raise_exception('roles must alternate') }}").Render([]));
        Assert.Equal((ChatTemplateErrorKind.TemplateError, "roles must alternate"), (refused.Kind, refused.Reason));
    }

    [Fact]
    public void Generation_blocks_are_told_in_both_units()
    {
        var template = ChatTemplate.Parse("{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}");
        Assert.True(template.HasGenerationBlocks);
        Assert.False(ChatTemplate.Parse(ChatMl).HasGenerationBlocks);
        var chat = template.Render([new ChatMessage("user", "😀"), new ChatMessage("assistant", "é😀"), new ChatMessage("assistant", "")]);
        Assert.Equal([new GenerationSpan(2, 5), new GenerationSpan(5, 5)], chat.GenerationSpans);
        Assert.Equal([new GenerationSpan(1, 3), new GenerationSpan(3, 3)], chat.GenerationSpansInCodePoints());
    }

    [Theory]
    // The span's tokens, whole; an empty span; the last character in token 0; the last character in no token; the first character in no token.
    [InlineData(new[] { 2, 5 }, new[] { 0, 1, 1, 0 })]
    [InlineData(new[] { 4, 4 }, new[] { 0, 0, 0, 0 })]
    [InlineData(new[] { 0, 2 }, new[] { 1, 1, 1, 1 })]
    [InlineData(new[] { 4, 99 }, new[] { 0, 0, 1, 1 })]
    [InlineData(new[] { 90, 99, 2, 5 }, new[] { 0, 0, 0, 0 })]
    public void The_mask_follows_the_reference(int[] spans, int[] mask) =>
        Assert.Equal(mask, AssistantMask.Of([(0, 2), (2, 4), (4, 6), (6, 8)], [.. spans.Chunk(2).Select(span => new GenerationSpan(span[0], span[1]))]));

    [Fact]
    public void The_input_is_left_as_it_was_and_threads_share_a_template()
    {
        var template = ChatTemplate.Parse(ChatMl);
        var messages = JsonNode.Parse("""[{"role": "user", "content": "Hi", "x": null}]""")!.AsArray();
        var before = messages.ToJsonString();
        var texts = Enumerable.Range(0, 64).AsParallel().Select(_ => template.Render(messages).Text).Distinct().ToArray();
        Assert.Equal(["<|user|>Hi<|end|>"], texts);
        Assert.Equal(before, messages.ToJsonString());
    }
}
