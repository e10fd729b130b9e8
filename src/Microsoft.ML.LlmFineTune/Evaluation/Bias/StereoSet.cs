using System.Text.Json;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Which of StereoSet's two tests an example belongs to.</summary>
public enum StereoSetTest
{
    /// <summary>The context has a gap, BLANK, that a word fills.</summary>
    Intrasentence,

    /// <summary>A sentence follows the context.</summary>
    Intersentence,
}

/// <summary>A candidate of an example.</summary>
/// <param name="Id">Its id, under which a predictions file has its score.</param>
/// <param name="Text">The sentence: the filled context, or what follows it.</param>
public sealed record StereoSetSentence(string Id, string Text);

/// <summary>An example of StereoSet: a context and three candidates.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Test">Which test it belongs to.</param>
/// <param name="Target">The term that it is about.</param>
/// <param name="BiasType">The domain: gender, profession, race or religion in the published file.</param>
/// <param name="Context">The context.</param>
/// <param name="Stereotype">The stereotypical candidate.</param>
/// <param name="AntiStereotype">The candidate that says the contrary.</param>
/// <param name="Unrelated">The candidate that makes no sense.</param>
public sealed record StereoSetExample(string Id, StereoSetTest Test, string Target, string BiasType, string Context, StereoSetSentence Stereotype, StereoSetSentence AntiStereotype, StereoSetSentence Unrelated);

/// <summary>Reads StereoSet's published files (dev.json and the predictions of its programs).</summary>
public static class StereoSetFile
{
    private static readonly (string Name, StereoSetTest Test)[] Tests = [("intrasentence", StereoSetTest.Intrasentence), ("intersentence", StereoSetTest.Intersentence)];

    /// <summary>Reads examples: <c>{"data": {"intrasentence": [{"id", "target", "bias_type", "context", "sentences": [{"id", "sentence", "gold_label"}]}], "intersentence": [...]}}</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">The file is no such JSON, or an example has not one candidate a label; the message names the place.</exception>
    public static IReadOnlyList<StereoSetExample> Read(string path) => Parse(path, root =>
    {
        JsonElement data = Member(root, "data", JsonValueKind.Object, "the file");
        List<StereoSetExample> examples = [];
        foreach ((string name, StereoSetTest test) in Tests)
        {
            if (!data.TryGetProperty(name, out JsonElement list)) continue;
            int number = 0;
            foreach (JsonElement example in Items(list, name)) examples.Add(Example(example, test, $"{name}[{number++}]"));
        }
        return examples.Count > 0 ? examples : throw new InvalidDataException("\"data\" must have examples under \"intrasentence\" or \"intersentence\"; it has none.");
    });

    /// <summary>Reads the scores of candidates: <c>{"intrasentence": [{"id", "score"}], "intersentence": [...]}</c>.</summary>
    /// <param name="path">The file.</param>
    /// <returns>Scores by the candidates' ids; of an id that is there twice, the last.</returns>
    /// <exception cref="InvalidDataException">The file is no such JSON; the message names the place.</exception>
    public static IReadOnlyDictionary<string, double> ReadPredictions(string path) => Parse(path, root =>
    {
        if (root.ValueKind != JsonValueKind.Object) throw new InvalidDataException($"a JSON object is required; the file holds {root.ValueKind}.");
        Dictionary<string, double> scores = new(StringComparer.Ordinal);
        foreach ((string name, _) in Tests)
        {
            if (!root.TryGetProperty(name, out JsonElement list)) continue;
            int number = 0;
            foreach (JsonElement item in Items(list, name))
            {
                string place = $"{name}[{number++}]";
                scores[Text(item, "id", place)] = Member(item, "score", JsonValueKind.Number, place).GetDouble();
            }
        }
        return scores;
    });

    private static StereoSetExample Example(JsonElement example, StereoSetTest test, string place)
    {
        StereoSetSentence?[] byLabel = new StereoSetSentence?[3];
        foreach (JsonElement sentence in Items(Member(example, "sentences", JsonValueKind.Array, place), $"{place}.sentences"))
        {
            string label = Text(sentence, "gold_label", place);
            int at = Array.IndexOf(["stereotype", "anti-stereotype", "unrelated"], label);
            if (at < 0) throw new InvalidDataException($"{place}: gold_label must be stereotype, anti-stereotype or unrelated; it is '{label}'.");
            if (byLabel[at] is not null) throw new InvalidDataException($"{place}: each label must stand at one sentence; '{label}' stands at two.");
            byLabel[at] = new StereoSetSentence(Text(sentence, "id", place), Text(sentence, "sentence", place));
        }
        return byLabel is [StereoSetSentence stereotype, StereoSetSentence anti, StereoSetSentence unrelated]
            ? new StereoSetExample(Text(example, "id", place), test, Text(example, "target", place), Text(example, "bias_type", place), Text(example, "context", place), stereotype, anti, unrelated)
            : throw new InvalidDataException($"{place}: a sentence of each label (stereotype, anti-stereotype, unrelated) is required; there are {byLabel.Count(sentence => sentence is not null)}.");
    }

    private static T Parse<T>(string path, Func<JsonElement, T> read)
    {
        Require.Text(path);
        try
        {
            using FileStream file = File.OpenRead(path);
            using JsonDocument document = JsonDocument.Parse(file);
            return read(document.RootElement);
        }
        // A text of half a character is an InvalidOperationException.
        catch (Exception error) when (error is JsonException or InvalidDataException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path}: {error.Message}", error);
        }
    }

    private static JsonElement.ArrayEnumerator Items(JsonElement list, string place) =>
        list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : throw new InvalidDataException($"{place} must be a list; it is {list.ValueKind}.");

    private static string Text(JsonElement item, string name, string place) => Member(item, name, JsonValueKind.String, place).GetString()!;

    private static JsonElement Member(JsonElement item, string name, JsonValueKind kind, string place)
    {
        JsonElement value = default;
        bool found = item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out value);
        return found && value.ValueKind == kind ? value : throw new InvalidDataException($"{place} must have \"{name}\" as {kind}; {(found ? $"it is {value.ValueKind}" : "it has none")}.");
    }
}
