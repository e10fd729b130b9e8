namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Which ids added tokens have: a token of the vocabulary its own, the others the first free ones behind it, in order. So does Hugging Face's library, whatever ids a file gives.</summary>
internal static class AddedTokenIds
{
    /// <summary>Puts tokens behind those that are there. One that is there already is replaced and keeps its id.</summary>
    public static List<AddedToken> Assign(IReadOnlyList<AddedToken> present, IEnumerable<AddedToken> tokens, VocabularyModel model)
    {
        var result = present.ToList();
        var places = result.Select((token, place) => (token.Content, place)).ToDictionary(entry => entry.Content, entry => entry.place);
        var next = Math.Max(model.Vocabulary.Count, result.Select(token => token.Id + 1).DefaultIfEmpty(0).Max());
        foreach (var token in tokens)
        {
            if (places.TryGetValue(token.Content, out var place))
            {
                result[place] = token with { Id = result[place].Id };
                continue;
            }
            places.Add(token.Content, result.Count);
            result.Add(token with { Id = model.IdOf(token.Content) ?? next++ });
        }
        return result;
    }
}
