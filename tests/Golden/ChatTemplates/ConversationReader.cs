using System.Text.Json;
using System.Text.Json.Nodes;
using Golden.Library;
using Golden.Tokenizers;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Golden.ChatTemplates;

/// <summary>chat-templates/cases.json: whole conversations through whole templates, with the spans, tokens and mask of what the assistant says.</summary>
internal sealed class ConversationReader : CaseReader
{
    private const string Encoded = "encode/";

    private static readonly string[] Named = ["add_generation_prompt", "continue_final_message", "tools", "documents"];

    private readonly Dictionary<string, ChatTemplate> _templates = new(StringComparer.Ordinal);
    private readonly RecipeReader _recipes = new();
    private readonly Dictionary<string, TokenizerModel> _tokenizers = new(StringComparer.Ordinal);

    public override bool Reads(string file) => file == "cases.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        RenderedChat chat;
        try
        {
            chat = Template(c, c["template"].GetString()!).Render(c.Root.GetProperty("conversations").GetProperty(c["conversation"].GetString()!), Options(c));
        }
        catch (ChatTemplateException e)
        {
            tally.Equal("error", c["error"].IsGiven() ? c["error"].GetString() : $"none, but: {e.Message}", e.Kind.ToString());
            if (c["error"].IsGiven() && c["error"].GetString() == nameof(ChatTemplateErrorKind.TemplateError)) tally.Equal("message", c["message"].GetString(), e.Reason);
            return;
        }
        tally.Equal("error", c["error"].IsGiven() ? c["error"].GetString() : null, null);
        tally.Equal("rendered text", c["rendered"].GetString(), chat.Text);
        if (!c["generation_spans"].IsGiven()) return;
        tally.Sequence("spans", c["generation_spans"].ToInts(), Flat(chat.GenerationSpansInCodePoints()));
        tally.Sequence("spans in UTF-16", (c["generation_spans_utf16"].IsGiven() ? c["generation_spans_utf16"] : c["generation_spans"]).ToInts(), Flat(chat.GenerationSpans));
        if (!c["ids"].IsGiven()) return;
        var tokens = Tokenizer(c).EncodeToTokens(chat.Text, out _);
        tally.Sequence("ids", c["ids"].ToInts(), tokens.Select(token => token.Id));
        tally.Sequence("mask", c["assistant_masks"].ToInts(), chat.AssistantMaskOf(tokens));
    }

    private static IEnumerable<int> Flat(IEnumerable<GenerationSpan> spans) => spans.SelectMany(span => new[] { span.Start, span.End });

    private static ChatTemplateOptions Options(FixtureCase c)
    {
        var options = JsonNode.Parse(c["options"].GetRawText())!.AsObject();
        var continued = options["continue_final_message"];
        return new ChatTemplateOptions
        {
            AddGenerationPrompt = (bool?)options["add_generation_prompt"] ?? false,
            ContinueFinalMessage = continued is not null && (continued.GetValueKind() == JsonValueKind.String || (bool)continued),
            ContinuedField = continued?.GetValueKind() == JsonValueKind.String ? (string)continued! : "content",
            Tools = options["tools"]?.AsArray(),
            Documents = options["documents"]?.AsArray(),
            SpecialTokens = c.Root.GetProperty("special_tokens").EnumerateObject().ToDictionary(token => token.Name, token => token.Value.GetString()!),
            Variables = new JsonObject(options.Where(option => !Named.Contains(option.Key)).Select(option => KeyValuePair.Create(option.Key, option.Value?.DeepClone()))),
            Clock = FixtureClock.Of(c.Root.GetProperty("clock").GetString()!),
        };
    }

    private ChatTemplate Template(FixtureCase c, string name)
    {
        if (_templates.TryGetValue(name, out var template)) return template;
        const string data = "data file ";
        var source = c.Root.GetProperty("template_sources").GetProperty(name).GetString()!;
        var path = source.StartsWith(data, StringComparison.Ordinal) ? c.Data(source[data.Length..]) : Path.Combine(c.Area, source);
        return _templates[name] = ChatTemplate.Parse(File.ReadAllText(path));
    }

    /// <summary>The tokenizer that the file names: one of the encode fixtures, "with A, B added as special tokens (ids N, M)".</summary>
    private TokenizerModel Tokenizer(FixtureCase c)
    {
        var description = c.Root.GetProperty("mask_tokenizer").GetString()!;
        if (_tokenizers.TryGetValue(description, out var tokenizer)) return tokenizer;
        var parts = description.Split(" with ");
        if (!parts[0].StartsWith(Encoded, StringComparison.Ordinal)) throw new UnsupportedException($"the tokenizer of the masks is not one of the encode fixtures: {description}");
        var beside = Path.Combine(c.Area, "..", "tokenizers", parts[0]);
        var folder = Directory.Exists(beside) ? beside : Path.Combine(FixtureFolder.Shared(), "tokenizers", parts[0]);
        tokenizer = _recipes.Tokenizer(c, folder);
        if (parts.Length > 1)
        {
            var words = parts[1].Split(" added as special tokens (ids ");
            tokenizer = tokenizer.WithAddedTokens([.. words[0].Split(", ").Select(token => new AddedToken(0, token))]);
            var ids = words[1].TrimEnd(')').Split(", ").Select(id => (int?)int.Parse(id, System.Globalization.CultureInfo.InvariantCulture));
            if (!ids.SequenceEqual(words[0].Split(", ").Select(tokenizer.IdOf))) throw new UnsupportedException($"ids and mask: the added tokens have other ids: {description}");
        }
        return _tokenizers[description] = tokenizer;
    }
}
