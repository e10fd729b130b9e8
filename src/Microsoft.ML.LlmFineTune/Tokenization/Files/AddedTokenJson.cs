using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The added_tokens section of tokenizer.json.</summary>
internal static class AddedTokenJson
{
    public static IReadOnlyList<AddedToken> Read(JsonArray part, BpeModel model)
    {
        var tokens = new List<AddedToken>();
        var (ids, contents) = (new HashSet<int>(), new HashSet<string>());
        for (var i = 0; i < part.Count; i++)
        {
            var path = $"added_tokens[{i}]";
            var token = Read(part[i] as JsonObject ?? throw new InvalidDataException($"{path} must be an object; it is {TokenizerJson.Shorten(part[i])}."), path);
            if (token.Content.Length == 0)
                throw new InvalidDataException($"{path}.content is empty.");
            if (!ids.Add(token.Id) || !contents.Add(token.Content))
                throw new InvalidDataException($"{path} ('{token.Content}', id {token.Id}) repeats the content or the id of an earlier added token.");
            if (model.IdOf(token.Content) is { } id && id != token.Id)
                throw new InvalidDataException($"{path}.id of '{token.Content}' must be {id}, as in model.vocab; it is {token.Id}.");
            if (model.TokenOf(token.Id) is { } other && other != token.Content)
                throw new InvalidDataException($"{path}.id of '{token.Content}' is {token.Id}, which model.vocab gives to '{other}'.");
            tokens.Add(token);
        }
        RequireDense(tokens, model);
        return tokens;
    }

    public static void Write(Utf8JsonWriter writer, IReadOnlyList<AddedToken> tokens)
    {
        writer.WriteStartArray("added_tokens");
        foreach (var token in tokens.OrderBy(token => token.Id))
        {
            writer.WriteStartObject();
            writer.WriteNumber("id", token.Id);
            writer.WriteString("content", token.Content);
            writer.WriteBoolean("single_word", token.SingleWord);
            writer.WriteBoolean("lstrip", token.StripLeft);
            writer.WriteBoolean("rstrip", token.StripRight);
            writer.WriteBoolean("normalized", token.Normalized);
            writer.WriteBoolean("special", token.Special);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static AddedToken Read(JsonObject part, string path)
    {
        var special = TokenizerJson.Part(part, path, "special", false);
        var id = TokenizerJson.Part<int>(part, path, "id", required: true);
        if (id is < 0 or int.MaxValue)
            throw new InvalidDataException($"{path}.id must be from 0 to {int.MaxValue - 1}; it is {id}.");
        return new AddedToken(id, TokenizerJson.Part<string>(part, path, "content", required: true), special)
        {
            SingleWord = TokenizerJson.Part(part, path, "single_word", false),
            StripLeft = TokenizerJson.Part(part, path, "lstrip", false),
            StripRight = TokenizerJson.Part(part, path, "rstrip", false),
            Normalized = TokenizerJson.Part(part, path, "normalized", !special),
        };
    }

    // A token beyond the vocabulary has the next free id: Hugging Face's library gives it that one whatever the file says, so another would be read in two ways.
    private static void RequireDense(List<AddedToken> tokens, BpeModel model)
    {
        var next = model.Vocabulary.Count;
        foreach (var token in tokens.Where(token => model.IdOf(token.Content) is null).OrderBy(token => token.Id))
        {
            if (token.Id != next)
                throw new InvalidDataException($"added_tokens: '{token.Content}' must have the id {next}, the first after the vocabulary and the added tokens before it; it has {token.Id}.");
            next++;
        }
    }
}
