namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Reads GPT-2's two files.</summary>
internal static class VocabularyAndMergesReader
{
    private const string DefaultSpecialToken = "<|endoftext|>";

    public static TokenizerModel Read(string vocabularyPath, string mergesPath, IReadOnlyList<string>? specialTokens)
    {
        try
        {
            var model = new BpeModel(VocabularyFiles.ReadObject(vocabularyPath), VocabularyFiles.ReadMerges(mergesPath), new BpeModelOptions());
            var special = specialTokens ?? (model.IdOf(DefaultSpecialToken) is null ? [] : [DefaultSpecialToken]);
            return new TokenizerModel(new TokenizerParts(model)
            {
                PreTokenizer = TextPreTokenizer.ByteLevel(),
                Decoder = TokenDecoder.ByteLevel,
                AddedTokens = [.. special.Select(token => new AddedToken(model.IdOf(token) ?? throw new InvalidDataException($"the special token '{token}' is not in the vocabulary."), token))],
            });
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{vocabularyPath} and {mergesPath} are not a valid vocabulary and its merges: {e.Message}", e);
        }
    }
}
