using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches.Rows;

/// <summary>How rows are put together into longer ones.</summary>
public enum PackingStrategy
{
    /// <summary>Best fit decreasing: whole rows, longest first, each into the fullest block that still has room; rows longer than a block lose their end.</summary>
    BestFit = 0,

    /// <summary>The same; rows longer than a block are cut into pieces of a block first, so that nothing is lost.</summary>
    BestFitSplit = 1,

    /// <summary>All rows one after the other, cut at every block; they see each other.</summary>
    Wrapped = 2,
}

/// <summary>Rows put together into blocks, so that nothing, or little, is padded. Of best fits, each part knows its document: it sees nothing but itself, and its positions begin at 0.</summary>
public static class PackedRows
{
    /// <summary>Packs rows.</summary>
    /// <param name="rows">Rows with a target for each token; those without tokens are left out.</param>
    /// <param name="blockLength">Tokens a block, at least 1.</param>
    /// <param name="strategy">How.</param>
    /// <param name="dropTail">Whether a last block that is not full is left out; for <see cref="PackingStrategy.Wrapped"/>.</param>
    /// <returns>The blocks, in the order in which they were begun.</returns>
    /// <exception cref="ArgumentException">A row has not one target a token, or parts that cannot be packed.</exception>
    public static IReadOnlyList<TokenRow> Of(IReadOnlyList<TokenRow> rows, int blockLength, PackingStrategy strategy = PackingStrategy.BestFit, bool dropTail = false)
    {
        Require.NotNull(rows);
        Require.AtLeast(blockLength, 1);
        Require.Argument(Enum.IsDefined(strategy), $"The strategy must be one of {string.Join(", ", Enum.GetNames<PackingStrategy>())}; received {strategy}.", nameof(strategy));
        Require.Argument(!dropTail || strategy == PackingStrategy.Wrapped, $"Only {nameof(PackingStrategy.Wrapped)} has a tail to drop; received {strategy}.", nameof(dropTail));
        for (var row = 0; row < rows.Count; row++)
        {
            Require.Argument(rows[row].HasTargetsOfTokens && rows[row] is { Segments: null, Documents: null, Values: null, ReferenceLogProbabilities: null },
                $"Rows that are packed must have a target for each token and nothing else; row {row} has {rows[row].Tokens.Length} tokens and {rows[row].Targets.Length} targets, or parts besides.", nameof(rows));
        }
        return strategy == PackingStrategy.Wrapped ? Wrapped(rows, blockLength, dropTail) : BestFit(rows, blockLength, strategy == PackingStrategy.BestFitSplit);
    }

    private static List<TokenRow> Wrapped(IReadOnlyList<TokenRow> rows, int blockLength, bool dropTail)
    {
        int[] tokens = [.. rows.SelectMany(row => row.Tokens)], targets = [.. rows.SelectMany(row => row.Targets)];
        List<TokenRow> blocks = [];
        for (var start = 0; start < tokens.Length; start += blockLength)
        {
            var end = Math.Min(start + blockLength, tokens.Length);
            if (end - start == blockLength || !dropTail)
                blocks.Add(new TokenRow(tokens[start..end], targets[start..end]));
        }
        return blocks;
    }

    private static TokenRow[] BestFit(IReadOnlyList<TokenRow> rows, int blockLength, bool splits)
    {
        List<List<(TokenRow Row, int Start, int Length)>> blocks = [];
        // Blocks by the room they have left; of those with equal room the one that got it first.
        var open = new Queue<int>?[blockLength + 1];
        // Stable: rows of equal length keep their order.
        foreach (var piece in rows.SelectMany(row => Pieces(row, blockLength, splits)).OrderByDescending(piece => piece.Length))
        {
            var room = piece.Length;
            while (room <= blockLength && open[room] is not { Count: > 0 })
                room++;
            int block;
            if (room <= blockLength)
            {
                block = open[room]!.Dequeue();
            }
            else
            {
                (block, room) = (blocks.Count, blockLength);
                blocks.Add([]);
            }
            blocks[block].Add(piece);
            (open[room - piece.Length] ??= new()).Enqueue(block);
        }
        return [.. blocks.Select(Joined)];
    }

    private static IEnumerable<(TokenRow Row, int Start, int Length)> Pieces(TokenRow row, int blockLength, bool splits)
    {
        var end = splits ? row.Tokens.Length : Math.Min(row.Tokens.Length, blockLength);
        for (var start = 0; start < end; start += blockLength)
            yield return (row, start, Math.Min(blockLength, end - start));
    }

    /// <summary>One row of several documents. Where a row was cut, the last token's target stands in the next piece and is still its target.</summary>
    private static TokenRow Joined(List<(TokenRow Row, int Start, int Length)> pieces) => new(
        [.. pieces.SelectMany(piece => piece.Row.Tokens.AsSpan(piece.Start, piece.Length).ToArray())],
        [.. pieces.SelectMany(piece => piece.Row.Targets.AsSpan(piece.Start, piece.Length).ToArray())])
    {
        Documents = [.. pieces.SelectMany((piece, document) => Enumerable.Repeat(document, piece.Length))],
    };
}
