using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Golden.ChatTemplates;

/// <summary>chat-templates/jinja: pieces of templates, and what they print or which error they end with.</summary>
internal sealed class SnippetReader : CaseReader
{
    public override bool Reads(string file) => file == "jinja/cases.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        var variables = c.Root.GetProperty("context").EnumerateObject().ToDictionary(property => property.Name, property => JsonValues.Of(property.Value), StringComparer.Ordinal);
        JinjaTemplate? template = null;
        try
        {
            template = JinjaTemplate.Parse(c["template"].GetString()!);
            var text = template.Render(variables, FixtureClock.Of("2024-03-05T14:07:09"), new RenderBudget(ChatTemplateLimits.Default, CancellationToken.None)).Text;
            tally.Equal("error", c["error"].IsGiven() ? c["error"].GetString() : null, null);
            if (!c["prints_an_object_address"].IsGiven()) tally.Equal("output", c["out"].GetString(), text);
            else tally.Equal("that it renders", true, text is not null);
        }
        catch (ChatTemplateException e)
        {
            tally.Equal("error", c["error"].IsGiven() ? c["error"].GetString() : $"none, but: {e.Message}", e.Kind.ToString());
            tally.Equal("whether the template was read", c["error"].GetString() is not ("TemplateSyntaxError" or "TemplateAssertionError" or "SyntaxError"), template is not null);
            if (c["message"].IsGiven()) tally.Equal("message", c["message"].GetString(), e.Reason);
        }
    }
}
