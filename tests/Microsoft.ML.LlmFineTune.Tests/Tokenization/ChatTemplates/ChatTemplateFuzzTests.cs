using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.ChatTemplates;

/// <summary>Every template of the fixtures, changed at random: it is refused with a clean error, or renders the same text twice.</summary>
public sealed class ChatTemplateFuzzTests
{
    private const int Mutations = 300;

    private static readonly string[] Pieces = ["{{", "}}", "{%", "%}", "{#", "#}", "-", "+", "'", "\"", "(", ")", "[", "]", "{", "}", "|", ".", ",", ":", "~", "**", "//", "%", "for", "in", "if", "else", "endif", "endfor", "set", "loop", "messages", "is", "not", "none", "9999999999", "0", "1e9", "\\", "\n", "\ud800", "😀", "recursive", "raw", "generation", "macro", "caller()"];

    public static TheoryData<string> Names => new(ChatTemplateFixtures.TemplateNames);

    [Theory]
    [MemberData(nameof(Names))]
    public void A_mutated_template_is_refused_cleanly_or_renders(string name)
    {
        var source = ChatTemplateFixtures.Template(name);
        var random = new Random(20_24_03);
        var conversation = JsonNode.Parse("""[{"role": "system", "content": "s"}, {"role": "user", "content": "hi \ud83d\ude00"}, {"role": "assistant", "content": "yo", "tool_calls": [{"function": {"name": "f", "arguments": {"a": [1, null]}}}]}, {"role": "user", "content": "x"}]""")!.AsArray();
        var options = new ChatTemplateOptions { AddGenerationPrompt = true, Limits = new ChatTemplateLimits { MaxSteps = 100_000, MaxMadeCharacters = 1_000_000, MaxOutputCharacters = 100_000 }, Clock = new ChatTemplateFixtures.StandingClock() };
        int refused = 0, rendered = 0;
        for (var i = 0; i < Mutations; i++)
        {
            var mutated = Mutate(source, random);
            try
            {
                var template = ChatTemplate.Parse(mutated);
                var chat = template.Render(conversation, options);
                Assert.Equal(chat.Text, template.Render(conversation, options).Text);
                Assert.All(chat.GenerationSpans, span => Assert.True(span.Start >= 0 && span.End >= span.Start));
                rendered++;
            }
            catch (ChatTemplateException e)
            {
                Assert.NotEmpty(e.Reason + e.Kind);
                refused++;
            }
        }
        // Both happen, or the mutations would be too strong or too weak to tell anything.
        Assert.True(refused > 0 && rendered > 0, $"{refused} refused, {rendered} rendered");
    }

    private static string Mutate(string text, Random random)
    {
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var at = random.Next(text.Length + 1);
            var length = Math.Min(random.Next(0, 12), text.Length - at);
            text = random.Next(4) switch
            {
                0 => text.Remove(at, length),
                1 => text.Insert(at, Pieces[random.Next(Pieces.Length)]),
                2 => text.Insert(at, text.Substring(at, length)),
                _ => text[..at] + Pieces[random.Next(Pieces.Length)] + text[(at + length)..],
            };
        }
        return text;
    }
}
