using System.Collections;
using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>Names of classes of which a file gives the number alone, as Hugging Face makes them. A false number takes no memory.</summary>
/// <param name="count">How many there are.</param>
internal sealed class NumberedLabels(int count) : IReadOnlyList<string>
{
    public int Count => count;

    public string this[int index] => index >= 0 && index < count ? string.Create(CultureInfo.InvariantCulture, $"LABEL_{index}") : throw new ArgumentOutOfRangeException(nameof(index), index, $"There are {count} labels.");

    public IEnumerator<string> GetEnumerator()
    {
        for (int id = 0; id < count; id++) yield return this[id];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
