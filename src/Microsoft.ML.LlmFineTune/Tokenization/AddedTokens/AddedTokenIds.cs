namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Which ids added tokens have: a token of the vocabulary its own, the others the first free ones behind it, in order.</summary>
internal static class AddedTokenIds
{
    /// <summary>Checks the ids that a file gives. Hugging Face's library gives a token the next free id whatever the file says, so another would be read in two ways.</summary>
    /// <exception cref="InvalidDataException">An id contradicts the vocabulary or is not the next.</exception>
    public static void Check(IReadOnlyList<AddedToken> tokens, VocabularyModel model)
    {
        var (ids, contents) = (new HashSet<int>(), new HashSet<string>());
        foreach (var token in tokens)
        {
            if (!ids.Add(token.Id) || !contents.Add(token.Content))
                throw new InvalidDataException($"added_tokens: '{token.Content}' (id {token.Id}) repeats the content or the id of an earlier added token.");
            if (model.IdOf(token.Content) is { } id && id != token.Id)
                throw new InvalidDataException($"added_tokens: the id of '{token.Content}' must be {id}, as in model.vocab; it is {token.Id}.");
            if (model.TokenOf(token.Id) is { } other && other != token.Content)
                throw new InvalidDataException($"added_tokens: the id of '{token.Content}' is {token.Id}, which model.vocab gives to '{other}'.");
        }
        var next = model.Vocabulary.Count;
        foreach (var token in tokens.Where(token => model.IdOf(token.Content) is null).OrderBy(token => token.Id))
        {
            if (token.Id != next)
                throw new InvalidDataException($"added_tokens: '{token.Content}' must have the id {next}, the first after the vocabulary and the added tokens before it; it has {token.Id}.");
            next++;
        }
    }

    /// <summary>Puts tokens behind those that are there. One that is there already is replaced.</summary>
    public static List<AddedToken> Assign(IReadOnlyList<AddedToken> present, IReadOnlyList<AddedToken> tokens, VocabularyModel model)
    {
        var result = present.ToList();
        foreach (var token in tokens)
        {
            var at = result.FindIndex(known => known.Content == token.Content);
            if (at >= 0)
                result[at] = token with { Id = result[at].Id };
            else
                result.Add(token with { Id = model.IdOf(token.Content) ?? model.Vocabulary.Count + result.Count(known => model.IdOf(known.Content) is null) });
        }
        return result;
    }
}
