using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The model section of tokenizer.json.</summary>
internal static class ModelJson
{
    public static VocabularyModel Read(JsonPart part) => (part.OptionalText("type") ?? TypeOf(part)) switch
    {
        "BPE" => ReadBpe(part),
        "WordPiece" => new WordPieceModel(ReadVocabulary(part), part.Text("unk_token"), part.Text("continuing_subword_prefix"), part.Number("max_input_chars_per_word")),
        "WordLevel" => new WordLevelModel(ReadVocabulary(part), part.Text("unk_token")),
        "Unigram" => ReadUnigram(part),
        _ => throw part.Unknown("BPE, WordPiece, WordLevel, Unigram"),
    };

    public static Dictionary<string, int> ReadVocabulary(JsonElement vocabulary, string path)
    {
        if (vocabulary.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"{path} must be an object of tokens and ids; it is {JsonPart.Shorten(vocabulary)}.");
        var ids = new Dictionary<string, int>(vocabulary.GetPropertyCount());
        foreach (var entry in vocabulary.EnumerateObject())
            ids.Add(entry.Name, JsonPart.NumberOf(entry.Value, $"{path}: the id of '{entry.Name}'"));
        return ids;
    }

    public static void WriteVocabulary(Utf8JsonWriter writer, Dictionary<string, int> ids)
    {
        writer.WriteStartObject("vocab");
        foreach (var (token, id) in ids.OrderBy(entry => entry.Value))
            writer.WriteNumber(token, id);
        writer.WriteEndObject();
    }

    // Old files don't name the kind; what they hold tells it.
    private static string TypeOf(JsonPart part)
    {
        if (part.Optional("merges") is not null)
            return "BPE";
        return part.Optional("vocab") switch
        {
            { ValueKind: JsonValueKind.Array } => "Unigram",
            { ValueKind: JsonValueKind.Object } => part.Optional("continuing_subword_prefix") is null ? "WordLevel" : "WordPiece",
            _ => throw new InvalidDataException($"{part.Path} has no type, and no vocab that would tell it."),
        };
    }

    private static Dictionary<string, int> ReadVocabulary(JsonPart part) =>
        ReadVocabulary(part.Optional("vocab") ?? throw new InvalidDataException($"{part.Join("vocab")} is missing."), part.Join("vocab"));

    private static BpeModel ReadBpe(JsonPart part)
    {
        var vocabulary = ReadVocabulary(part);
        var merges = new List<(string, string)>();
        foreach (var merge in part.Items("merges"))
            merges.Add(ReadMerge(merge, part.Join("merges"), merges.Count));
        var dropout = part.OptionalReal("dropout");
        if (dropout is < 0 or > 1)
            throw new InvalidDataException($"{part.Join("dropout")} must be from 0 to 1; it is {dropout}.");
        return new BpeModel(vocabulary, merges, new BpeModelOptions(
            dropout, part.OptionalText("unk_token"), part.OptionalText("continuing_subword_prefix"), part.OptionalText("end_of_word_suffix"),
            part.Flag("fuse_unk", false), part.Flag("byte_fallback", false), part.Flag("ignore_merges", false)));
    }

    // "a b" in older files, ["a", "b"] in newer ones.
    private static (string Left, string Right) ReadMerge(JsonElement merge, string path, int rank)
    {
        string[] parts = merge.ValueKind switch
        {
            JsonValueKind.String => merge.GetString()!.Split(' '),
            JsonValueKind.Array => [.. merge.EnumerateArray().Select(part => part.ValueKind == JsonValueKind.String ? part.GetString()! : "")],
            _ => [],
        };
        return parts is [{ Length: > 0 } left, { Length: > 0 } right] ? (left, right) : throw new InvalidDataException($"{path}: merge {rank} must be two tokens; it is {JsonPart.Shorten(merge)}.");
    }

    private static UnigramModel ReadUnigram(JsonPart part)
    {
        var path = part.Join("vocab");
        var pieces = new List<(string, double)>();
        foreach (var item in part.Items("vocab"))
        {
            if (item.ValueKind != JsonValueKind.Array || item.GetArrayLength() != 2 || item[0].ValueKind != JsonValueKind.String || item[1].ValueKind != JsonValueKind.Number)
                throw new InvalidDataException($"{path}: piece {pieces.Count} must be a text and its score; it is {JsonPart.Shorten(item)}.");
            pieces.Add((item[0].GetString()!, ReferenceNumber.Parse(item[1].GetRawText())));
        }
        return new UnigramModel(pieces, part.OptionalNumber("unk_id"), part.Flag("byte_fallback", false));
    }
}
