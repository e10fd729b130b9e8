using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>A token of a preview.</summary>
/// <param name="Id">The token.</param>
/// <param name="Trained">Whether the loss looks at it.</param>
/// <param name="Target">What is asked for at its place, with <see cref="PreviewTargets.SameToken"/>; null where nothing is.</param>
public readonly record struct PreviewToken(long Id, bool Trained, long? Target = null);

/// <summary>A row of a preview.</summary>
/// <param name="Tokens">Its tokens without padding: those from the first trained one on where a row is longer than a preview shows.</param>
/// <param name="TokensBefore">Tokens before them that are not shown.</param>
/// <param name="TokensAfter">Tokens after them that are not shown.</param>
/// <param name="Padding">Padding of the row.</param>
/// <param name="TrainedTokens">How many tokens of the whole row the loss looks at.</param>
/// <param name="Targets">The class of the row, or its target sequence without what is ignored; empty where targets belong to tokens.</param>
/// <param name="Values">The row's targets that are numbers.</param>
public sealed record PreviewRow(IReadOnlyList<PreviewToken> Tokens, int TokensBefore, int TokensAfter, int Padding, int TrainedTokens, IReadOnlyList<long> Targets, IReadOnlyList<float> Values);

/// <summary>The first rows of what is trained on, so that people see what the model reads and what it is asked for: a label mask that is wrong shows here, not in the loss.</summary>
/// <param name="Kind">What targets stand for.</param>
/// <param name="Rows">The rows.</param>
public sealed record BatchPreview(PreviewTargets Kind, IReadOnlyList<PreviewRow> Rows)
{
    /// <summary>Batches that are looked through for one with targets.</summary>
    private const int SearchedBatches = 8;

    /// <summary>Names of the classes or labels that targets number from 0; default none: numbers are shown.</summary>
    public IReadOnlyList<string> Labels { get; init => field = Require.NotNull(value, nameof(Labels)); } = [];

    /// <summary>The first rows of the first batch of epoch 0 that has targets.</summary>
    /// <param name="source">What is trained on.</param>
    /// <param name="rows">How many rows; at least 1. Rows that belong together (<see cref="TokenBatch.RowsPerUnit"/>) are shown together. Default 3.</param>
    /// <param name="maximumTokens">Tokens that are shown of a row, at least 1. Default 300.</param>
    /// <param name="kind">What targets stand for; null: found out (see <see cref="Of(TokenBatch, int, int, PreviewTargets?)"/>).</param>
    /// <exception cref="ArgumentException">The source has no batch.</exception>
    public static BatchPreview Of(IBatchSource source, int rows = 3, int maximumTokens = 300, PreviewTargets? kind = null)
    {
        TokenBatch? first = null, chosen = null;
        foreach (TokenBatch batch in Require.NotNull(source).Epoch(0).Take(SearchedBatches))
        {
            first ??= batch;
            if (batch.TargetCount == 0) continue;
            chosen = batch;
            break;
        }
        return Of(chosen ?? first ?? throw new ArgumentException("A preview needs at least one batch; the source has none.", nameof(source)), rows, maximumTokens, kind);
    }

    /// <summary>
    /// The first rows of a batch. What targets stand for is found out by their number (none, one a row, one a token, another); one a token are next tokens where all that are not ignored are the token to their right, and otherwise something about the token itself.
    /// </summary>
    /// <param name="batch">The batch.</param>
    /// <param name="rows">How many rows; at least 1. Default 3.</param>
    /// <param name="maximumTokens">Tokens that are shown of a row, at least 1. Default 300.</param>
    /// <param name="kind">What targets stand for; null: found out.</param>
    public static BatchPreview Of(TokenBatch batch, int rows = 3, int maximumTokens = 300, PreviewTargets? kind = null)
    {
        Require.NotNull(batch);
        int unit = batch.RowsPerUnit, shown = Math.Min(batch.Rows, (Require.AtLeast(rows, 1) + unit - 1) / unit * unit);
        Require.AtLeast(maximumTokens, 1);
        PreviewTargets found = kind ?? KindOf(batch);
        bool aToken = found is PreviewTargets.NextToken or PreviewTargets.SameToken;
        Require.Argument(!aToken || batch.TargetLength == batch.Length, $"{found} needs a target for each of a row's {batch.Length} tokens; a row has {batch.TargetLength}.", nameof(kind));
        return new BatchPreview(found, [.. Enumerable.Range(0, shown).Select(row => Row(batch, row, found, maximumTokens))]);
    }

    private static PreviewRow Row(TokenBatch batch, int row, PreviewTargets kind, int maximumTokens)
    {
        long[] targets = [.. batch.Targets.AsSpan(row * batch.TargetLength, batch.TargetLength)];
        List<PreviewToken> tokens = [];
        bool trained = false;
        for (int i = 0; i < batch.Length; i++)
        {
            int place = (row * batch.Length) + i;
            long? target = kind is PreviewTargets.NextToken or PreviewTargets.SameToken && targets[i] != TokenBatch.Ignored ? targets[i] : null;
            bool isText = batch.Mask?[place] ?? true;
            if (isText || trained) tokens.Add(kind == PreviewTargets.SameToken ? new PreviewToken(batch.Tokens[place], target is not null, target) : new PreviewToken(batch.Tokens[place], trained));
            trained = kind == PreviewTargets.NextToken && target is not null;
        }
        // The row's last token asks for one that stands beyond the row.
        if (trained) tokens.Add(new PreviewToken(targets[^1], true));

        int from = 0;
        if (tokens.Count > maximumTokens)
        {
            // Some tokens before the first trained one say where it stands.
            int first = Math.Max(0, tokens.FindIndex(token => token.Trained));
            from = Math.Clamp(first - (maximumTokens / 4), 0, tokens.Count - maximumTokens);
        }
        List<PreviewToken> shown = [.. tokens.Skip(from).Take(maximumTokens)];
        int padding = batch.Mask is null ? 0 : batch.Mask.AsSpan(row * batch.Length, batch.Length).Count(false);
        bool aToken = kind is PreviewTargets.NextToken or PreviewTargets.SameToken;
        return new PreviewRow(shown, from, tokens.Count - from - shown.Count, padding, tokens.Count(token => token.Trained),
            aToken ? [] : [.. targets.Where(target => target != TokenBatch.Ignored)], [.. batch.Values.AsSpan(row * batch.ValuesPerRow, batch.ValuesPerRow)]);
    }

    private static PreviewTargets KindOf(TokenBatch batch)
    {
        if (batch.TargetLength == 0 || (batch.TargetCount == 0 && batch.Values is not null)) return PreviewTargets.None;
        if (batch.TargetLength == 1) return PreviewTargets.Row;
        if (batch.TargetLength != batch.Length) return PreviewTargets.Sequence;
        for (int place = 0; place < batch.Targets.Length; place++)
        {
            // A row's last token has nobody to its right; neither has one before padding.
            if (batch.Targets[place] == TokenBatch.Ignored || (place + 1) % batch.Length == 0 || batch.Mask?[place + 1] == false) continue;
            if (batch.Targets[place] != batch.Tokens[place + 1]) return PreviewTargets.SameToken;
        }
        return PreviewTargets.NextToken;
    }
}
