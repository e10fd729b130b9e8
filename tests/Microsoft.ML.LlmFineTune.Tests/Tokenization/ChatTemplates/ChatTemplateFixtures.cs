using System.Text.Json;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.ChatTemplates;

/// <summary>The templates and snippets beside the tests.</summary>
internal static class ChatTemplateFixtures
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Fixtures", "chat-templates");

    public static IEnumerable<string> TemplateNames => Directory.GetFiles(Path.Combine(Folder, "templates"), "*.jinja").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal);

    public static string Template(string name) => File.ReadAllText(Path.Combine(Folder, "templates", name + ".jinja"));

    public static JsonElement Snippets => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "jinja", "cases.json"))).RootElement;

    public static Dictionary<string, object?> Context(JsonElement snippets) => snippets.GetProperty("context").EnumerateObject().ToDictionary(property => property.Name, property => JsonValues.Of(property.Value));

    public static string Render(string template, Dictionary<string, object?>? variables = null, ChatTemplateLimits? limits = null) =>
        JinjaTemplate.Parse(template).Render(variables ?? [], new StandingClock(), new RenderBudget(limits ?? ChatTemplateLimits.Default, CancellationToken.None)).Text;

    /// <summary>A clock that stands at the moment of the fixtures.</summary>
    internal sealed class StandingClock : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(2024, 3, 5, 14, 7, 9, TimeSpan.Zero);
    }
}
