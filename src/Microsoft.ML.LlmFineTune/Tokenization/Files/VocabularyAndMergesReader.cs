using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Reads GPT-2's two files.</summary>
internal static class VocabularyAndMergesReader
{
    private const string DefaultSpecialToken = "<|endoftext|>";

    public static TokenizerModel Read(string vocabularyPath, string mergesPath, IReadOnlyList<string>? specialTokens)
    {
        try
        {
            using var file = File.OpenRead(vocabularyPath);
            using var vocabulary = JsonDocument.Parse(file, JsonPart.Options);
            var model = new BpeModel(ModelJson.ReadVocabulary(vocabulary.RootElement, "the vocabulary"), ReadMerges(mergesPath), new BpeModelOptions());
            var special = specialTokens ?? (model.IdOf(DefaultSpecialToken) is null ? [] : [DefaultSpecialToken]);
            return new TokenizerModel(new TokenizerParts(model)
            {
                PreTokenizer = TextPreTokenizer.ByteLevel(),
                Decoder = TokenDecoder.ByteLevel,
                AddedTokens = [.. special.Select(token => new AddedToken(model.IdOf(token) ?? throw new InvalidDataException($"the special token '{token}' is not in the vocabulary."), token))],
            });
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{vocabularyPath} and {mergesPath} are not a valid vocabulary and its merges: {e.Message}", e);
        }
    }

    // One merge a line, "left right"; a first line that begins with #version says nothing.
    private static List<(string Left, string Right)> ReadMerges(string path)
    {
        var merges = new List<(string, string)>();
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (line.Length == 0 || (number == 1 && line.StartsWith("#version", StringComparison.Ordinal)))
                continue;
            merges.Add(line.Split(' ') is [{ Length: > 0 } left, { Length: > 0 } right]
                ? (left, right)
                : throw new InvalidDataException($"line {number} of the merges must be two tokens; it is '{(line.Length > 60 ? line[..60] + "..." : line)}'."));
        }
        return merges;
    }
}
