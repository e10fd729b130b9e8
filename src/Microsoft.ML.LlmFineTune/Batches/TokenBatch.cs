using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Batches;

/// <summary>Rows of tokens of one length, in managed arrays, row after row, with what an objective wants to know of them. Padding stands on the right. Nothing is changed after construction.</summary>
public sealed class TokenBatch
{
    /// <summary>The target that no loss and no metric looks at.</summary>
    public const long Ignored = -100;

    /// <summary>The document that padding belongs to.</summary>
    public const long NoDocument = -1;

    private readonly TokenBatch? _whole;
    private readonly IReadOnlyList<TokenBatch>? _step;

    /// <summary>Wraps arrays; nothing is copied.</summary>
    /// <param name="rows">Number of rows, at least 1.</param>
    /// <param name="length">Tokens a row, at least 1.</param>
    /// <param name="tokens">[rows, length], row after row.</param>
    /// <param name="targets">[rows, length] for one target a token, [rows] for one target a row, or [rows, targetLength].</param>
    /// <param name="mask">[rows, length], true for a token of the text, false for padding; null where nothing is padded.</param>
    /// <param name="targetLength">Targets a row where they are neither one a token nor one a row: the length of a target sequence, 2 for a span, 0 for none. Null: as many as <paramref name="targets"/> has.</param>
    /// <exception cref="ArgumentException">An array has another size.</exception>
    public TokenBatch(int rows, int length, long[] tokens, long[] targets, bool[]? mask = null, int? targetLength = null)
    {
        Rows = Require.AtLeast(rows, 1);
        Length = Require.AtLeast(length, 1);
        Tokens = Require.NotNull(tokens);
        Targets = Require.NotNull(targets);
        Mask = mask;
        if (targetLength is int wanted)
            Require.AtLeast(wanted, 0, nameof(targetLength));
        if (tokens.Length != (long)rows * length)
            throw new ArgumentException($"A batch of {rows} x {length} needs {(long)rows * length} tokens; {tokens.Length} were given.", nameof(tokens));
        if (targetLength is int given ? targets.Length != (long)rows * given : targets.Length != tokens.Length && targets.Length != rows)
        {
            var needed = targetLength is int each ? $"{each} targets a row ({rows * each})" : $"a target for each token ({rows * length}) or for each row ({rows})";
            throw new ArgumentException($"A batch of {rows} x {length} needs {needed}; {targets.Length} were given.", nameof(targets));
        }
        if (mask is not null && mask.Length != tokens.Length)
            throw new ArgumentException($"A batch of {rows} x {length} needs a mask of {rows * length}; {mask.Length} were given.", nameof(mask));
        TargetLength = targets.Length / rows;
        TargetCount = targets.Length - targets.AsSpan().Count(Ignored);
    }

    private TokenBatch(TokenBatch batch, IReadOnlyList<TokenBatch> step) : this(batch.Rows, batch.Length, batch.Tokens, batch.Targets, batch.Mask, batch.TargetLength)
    {
        (Segments, Documents, Values, ReferenceLogProbabilities, RowsPerUnit) = (batch.Segments, batch.Documents, batch.Values, batch.ReferenceLogProbabilities, batch.RowsPerUnit);
        _step = step;
    }

    private TokenBatch(TokenBatch whole, int rows, int length, long[] tokens, long[] targets, bool[]? mask, int targetLength) : this(rows, length, tokens, targets, mask, targetLength) => _whole = whole;

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Tokens a row, padding included.</summary>
    public int Length { get; }

    /// <summary>[rows, length]: what the model reads.</summary>
    public long[] Tokens { get; }

    /// <summary>
    /// [rows, <see cref="TargetLength"/>]: for one target a token already shifted where the model is asked for the next one; the class of each row; the tokens to write; the first and the last token of an answer.
    /// <see cref="Ignored"/> where there is none.
    /// </summary>
    public long[] Targets { get; }

    /// <summary>Targets a row; 0 where the objective needs none.</summary>
    public int TargetLength { get; }

    /// <summary>[rows, length]: true for a token of the text, false for padding; null where nothing is padded.</summary>
    public bool[]? Mask { get; }

    /// <summary>Number of targets that are not ignored.</summary>
    public int TargetCount { get; }

    /// <summary>[rows, length]: which of two texts of a row a token belongs to (0 or 1), for families that tell them apart; null: all belong to the first.</summary>
    /// <exception cref="ArgumentException">It has another size.</exception>
    public long[]? Segments { get; init => field = OneAToken(value, nameof(Segments)); }

    /// <summary>
    /// [rows, length]: the number of the document that a token of a packed row belongs to, from 0 in each row, <see cref="NoDocument"/> for padding. Documents of a row do not see each other, and positions begin anew with each.
    /// Null: every row is one document.
    /// </summary>
    /// <exception cref="ArgumentException">It has another size.</exception>
    public long[]? Documents { get; init => field = OneAToken(value, nameof(Documents)); }

    /// <summary>[rows, <see cref="ValuesPerRow"/>]: targets that are numbers (regression, several labels as 0 and 1, how like two texts are: then each row of the unit has the unit's); null: there are none.</summary>
    /// <exception cref="ArgumentException">It is not as many a row for every row, at least one.</exception>
    public float[]? Values
    {
        get;
        init => field = value is null || (value.Length > 0 && value.Length % Rows == 0)
            ? value
            : throw new ArgumentException($"Values must be as many for each of {Rows} rows, at least one; received {value.Length}.", nameof(Values));
    }

    /// <summary>Numbers that a row has in <see cref="Values"/>; 0 without them.</summary>
    public int ValuesPerRow => (Values?.Length ?? 0) / Rows;

    /// <summary>[rows, <see cref="TargetLength"/>]: the log-probability (in nats) that a reference model gives each target; whatever where the target is ignored. Null: nobody has computed them.</summary>
    /// <exception cref="ArgumentException">It has another size.</exception>
    public float[]? ReferenceLogProbabilities
    {
        get;
        init => field = value is null || value.Length == Targets.Length ? value : throw new ArgumentException($"ReferenceLogProbabilities must be one a target ({Targets.Length}); received {value.Length}.", nameof(ReferenceLogProbabilities));
    }

    /// <summary>Rows that belong together and stand side by side (a chosen answer and a rejected one; a text, one like it and one unlike it; the choices of a question): batches are cut between units only. Default 1.</summary>
    /// <exception cref="ArgumentException">The number of rows is not a multiple of it.</exception>
    public int RowsPerUnit
    {
        get;
        init => field = Require.AtLeast(value, 1, nameof(RowsPerUnit)) is int each && Rows % each == 0 ? each : throw new ArgumentException($"RowsPerUnit must divide the number of rows, {Rows}; received {value}.", nameof(RowsPerUnit));
    } = 1;

    /// <summary>Number of units: <see cref="Rows"/> / <see cref="RowsPerUnit"/>.</summary>
    public int Units => Rows / RowsPerUnit;

    /// <summary>The batch that this is a slice of; itself where it is none. An objective whose parts are divided by different counts finds those of the whole here, so that slices add up.</summary>
    public TokenBatch Whole => _whole ?? this;

    /// <summary>
    /// The batches whose gradients make one step together with this one's: those that are accumulated, or <see cref="Whole"/> alone. An objective whose parts are divided by different counts adds them up over all of these, so that
    /// accumulated batches are one large one.
    /// </summary>
    public IReadOnlyList<TokenBatch> Step => Whole._step ?? [Whole];

    /// <summary>The same batches as the parts of one step; nothing is copied.</summary>
    internal static TokenBatch[] OfOneStep(IReadOnlyList<TokenBatch> batches)
    {
        TokenBatch[] step = new TokenBatch[batches.Count];
        for (var i = 0; i < step.Length; i++)
            step[i] = new TokenBatch(batches[i], step);
        return step;
    }

    /// <summary>A batch of some of the rows: a replica's share.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rows asked for are not all there.</exception>
    /// <exception cref="ArgumentException">The cut goes through a unit.</exception>
    public TokenBatch Slice(int firstRow, int rows)
    {
        if (firstRow < 0 || rows < 1 || firstRow > Rows - rows)
            throw new ArgumentOutOfRangeException(nameof(rows), $"The batch has rows 0 to {Rows - 1}; {rows} from {firstRow} on were asked for.");
        if (firstRow % RowsPerUnit != 0 || rows % RowsPerUnit != 0)
            throw new ArgumentException($"{RowsPerUnit} rows belong together, so slices must begin and end at multiples of {RowsPerUnit}; {rows} rows from {firstRow} on were asked for.", nameof(rows));
        if (rows == Rows)
            return this;
        return new TokenBatch(Whole, rows, Length, Part(Tokens)!, Part(Targets)!, Part(Mask), TargetLength)
        {
            Segments = Part(Segments),
            Documents = Part(Documents),
            Values = Part(Values),
            ReferenceLogProbabilities = Part(ReferenceLogProbabilities),
            RowsPerUnit = RowsPerUnit,
        };

        T[]? Part<T>(T[]? all)
        {
            var each = (all?.Length ?? 0) / Rows;
            return all?.AsSpan(firstRow * each, rows * each).ToArray();
        }
    }

    private long[]? OneAToken(long[]? value, string name) =>
        value is null || value.Length == Tokens.Length ? value : throw new ArgumentException($"{name} must be one a token ({Tokens.Length}); received {value.Length}.", name);
}
