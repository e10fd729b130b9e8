namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>A text as numbers of its characters, cut into 90 % for training and 10 % for validation.</summary>
internal sealed class CharacterText
{
    public CharacterText(string text)
    {
        char[] characters = text.Distinct().Order().ToArray();
        Dictionary<char, int> numbers = characters.Select((character, number) => (character, number)).ToDictionary(pair => pair.character, pair => pair.number);
        int[] all = text.Select(character => numbers[character]).ToArray();
        int cut = (int)(all.Length * 0.9);
        (Vocabulary, Training, Validation) = (characters.Length, all[..cut], all[cut..]);
    }

    public int Vocabulary { get; }

    public int[] Training { get; }

    public int[] Validation { get; }
}
