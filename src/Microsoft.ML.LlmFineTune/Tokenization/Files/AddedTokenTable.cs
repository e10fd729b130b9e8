using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The added tokens of a tokenizer.json in the making: a token that the model has keeps its id, another gets the next free one.</summary>
internal sealed class AddedTokenTable
{
    private readonly Func<string, int?> _modelId;
    private readonly Dictionary<string, (int Id, ConfiguredToken Token)> _tokens = new(StringComparer.Ordinal);
    private readonly int _modelSize;
    private int _next;

    /// <param name="modelId">The id of a token of the model.</param>
    /// <param name="modelSize">The first id after the model's.</param>
    public AddedTokenTable(Func<string, int?> modelId, int modelSize) => (_modelId, _modelSize, _next) = (modelId, modelSize, modelSize);

    public AddedTokenTable(Dictionary<string, int> vocabulary) : this(token => vocabulary.TryGetValue(token, out var id) ? id : null, vocabulary.Count == 0 ? 0 : vocabulary.Values.Max() + 1)
    {
    }

    /// <summary>Adds a token; one that is there already stays as it is.</summary>
    public void Add(ConfiguredToken? token)
    {
        if (token is { Content.Length: > 0 } && !_tokens.ContainsKey(token.Content))
            _tokens.Add(token.Content, (_modelId(token.Content) ?? _next++, token));
    }

    /// <summary>Adds tokens whose ids are known.</summary>
    /// <exception cref="InvalidDataException">An id is not that of the model, or another token has it.</exception>
    public void Add(IReadOnlyDictionary<int, ConfiguredToken> tokens)
    {
        var taken = _tokens.Values.Select(entry => entry.Id).ToHashSet();
        foreach (var (id, token) in tokens.OrderBy(token => token.Key))
        {
            if (token.Content.Length == 0)
                continue;
            var known = _tokens.TryGetValue(token.Content, out var entry) ? entry.Id : _modelId(token.Content);
            if (known is { } other && other != id)
                throw new InvalidDataException($"added_tokens_decoder (tokenizer_config.json, or added_tokens.json) gives '{token.Content}' the id {id}; the vocabulary has it as {other}.");
            if (known is null && (id < _modelSize || taken.Contains(id)))
                throw new InvalidDataException($"added_tokens_decoder (tokenizer_config.json, or added_tokens.json) gives '{token.Content}' the id {id}, which another token has.");
            if (_tokens.TryAdd(token.Content, (id, token)))
                taken.Add(id);
            _next = Math.Max(_next, id + 1);
        }
    }

    public void Add(IEnumerable<ConfiguredToken?> tokens)
    {
        foreach (var token in tokens)
            Add(token);
    }

    public bool Has(string token) => _tokens.ContainsKey(token) || _modelId(token) is not null;

    /// <summary>The id of a token of this table or of the model.</summary>
    public int IdOf(string token) => _tokens.TryGetValue(token, out var entry) ? entry.Id : _modelId(token) ?? throw new InvalidDataException($"the vocabulary lacks the token '{token}'.");

    public JsonArray ToJson() => new([.. _tokens.Values.OrderBy(entry => entry.Id).Select(entry => (JsonNode)ToJson(entry.Id, entry.Token))]);

    public static JsonObject ToJson(int id, ConfiguredToken token) => new()
    {
        ["id"] = id,
        ["content"] = token.Content,
        ["single_word"] = token.SingleWord,
        ["lstrip"] = token.StripLeft,
        ["rstrip"] = token.StripRight,
        ["normalized"] = token.Normalized,
        ["special"] = token.Special,
    };
}
