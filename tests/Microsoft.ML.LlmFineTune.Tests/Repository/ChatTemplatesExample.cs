// <example>
using Microsoft.ML.LlmFineTune.Tokenization;
// </example>

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The code of docs/chat-templates.md, word for word between the marks.</summary>
internal static class ChatTemplatesExample
{
    public static string Run(string templateFile)
    {
        // <example>

        var template = ChatTemplate.Parse(File.ReadAllText(templateFile));
        var chat = template.Render(
            [new ChatMessage("system", "Be brief."), new ChatMessage("user", "What is 2 + 2?")],
            new ChatTemplateOptions { AddGenerationPrompt = true, SpecialTokens = new Dictionary<string, string> { ["bos_token"] = "<s>", ["eos_token"] = "</s>" } });
        Console.WriteLine(chat.Text);
        // </example>
        return chat.Text;
    }
}
