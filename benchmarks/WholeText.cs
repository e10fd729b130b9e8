using Microsoft.ML.LlmFineTune.Batches;

namespace Microsoft.ML.LlmFineTune.Benchmarks;

/// <summary>Every character of a text but the first as a target once: windows side by side, the last one moved back and counted where the others did not reach.</summary>
internal sealed class WholeText(int[] text, int length, int rows) : IBatchSource
{
    private int Windows => (text.Length - 1 + length - 1) / length;

    public int CountBatches(int epoch) => (Windows + rows - 1) / rows;

    public IEnumerable<TokenBatch> Epoch(int epoch)
    {
        for (int first = 0; first < Windows; first += rows)
        {
            int count = Math.Min(rows, Windows - first);
            long[] tokens = new long[count * length], targets = new long[count * length];
            for (int row = 0; row < count; row++)
            {
                int wanted = (first + row) * length, start = Math.Min(wanted, text.Length - 1 - length);
                for (int i = 0; i < length; i++)
                {
                    tokens[(row * length) + i] = text[start + i];
                    targets[(row * length) + i] = start + i < wanted ? TokenBatch.Ignored : text[start + i + 1];
                }
            }
            yield return new TokenBatch(count, length, tokens, targets);
        }
    }
}
