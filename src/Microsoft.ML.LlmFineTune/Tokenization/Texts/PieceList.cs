using System.Runtime.InteropServices;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>A changed text and the pieces that it is split into, step by step. Used again and again by one thread.</summary>
internal sealed class PieceList
{
    private readonly List<(int Start, int End, bool Match)> _matches = [];
    private List<TextPiece> _pieces = [];
    private List<TextPiece> _next = [];

    public AlignedText Text { get; } = new();

    /// <summary>Scratch space for changes of the text.</summary>
    public List<CharacterChange> Changes { get; } = [];

    public ReadOnlySpan<TextPiece> Pieces => CollectionsMarshal.AsSpan(_pieces);

    /// <summary>Begins with the whole text as one piece, even if it is empty: each step leaves empty ones out.</summary>
    public void Reset()
    {
        _pieces.Clear();
        _pieces.Add(new TextPiece(0, Text.Length));
    }

    /// <summary>Adds a piece to the next step; an empty one is left out.</summary>
    public void Add(int start, int end, AddedToken? token = null)
    {
        if (end > start)
            _next.Add(new TextPiece(start, end, token));
    }

    public void EndStep()
    {
        (_pieces, _next) = (_next, _pieces);
        _next.Clear();
    }

    /// <summary>Of a character in <see cref="SplitRuns"/>: it belongs to no piece.</summary>
    public const int LeftOut = 0;

    /// <summary>Of a character in <see cref="SplitRuns"/>: it is a piece of its own.</summary>
    public const int Alone = -1;

    /// <summary>Splits every piece that is text into runs of characters of one kind.</summary>
    /// <param name="kindOf">The kind of a code point: a number of one's own above 0, <see cref="LeftOut"/> or <see cref="Alone"/>.</param>
    public void SplitRuns(Func<int, int> kindOf)
    {
        foreach (var piece in Pieces)
        {
            if (piece.Token is not null)
            {
                Add(piece.Start, piece.End, piece.Token);
                continue;
            }
            var (start, kind) = (piece.Start, LeftOut);
            for (var at = piece.Start; at < piece.End;)
            {
                var next = kindOf(Text.CodePointAt(at, out var length));
                if (next != kind || next == Alone)
                {
                    if (kind != LeftOut)
                        Add(start, at);
                    (start, kind) = (at, next);
                }
                at += length;
            }
            if (kind != LeftOut)
                Add(start, piece.End);
        }
        EndStep();
    }

    /// <summary>A step that does nothing else.</summary>
    public void LeaveOutEmpty()
    {
        foreach (var piece in Pieces)
            Add(piece.Start, piece.End, piece.Token);
        EndStep();
    }

    /// <summary>Takes added tokens out of the text.</summary>
    public void Find(AddedTokenFinder tokens)
    {
        foreach (var piece in Pieces)
        {
            if (piece.Token is null)
                tokens.Split(Text.Characters[piece.Start..piece.End], piece.Start, _next);
            else
                Add(piece.Start, piece.End, piece.Token);
        }
        EndStep();
    }

    /// <summary>Writes every piece anew; added tokens stay as they are.</summary>
    public void Rewrite(Action<AlignedText, TextPiece> write)
    {
        Text.BeginChange(Text.Length);
        foreach (var piece in Pieces)
        {
            var start = Text.Written;
            if (piece.Token is null)
                write(Text, piece);
            else
                Text.CopyUnchanged(piece.Start, piece.End);
            Add(start, Text.Written, piece.Token);
        }
        Text.EndChange();
        EndStep();
    }

    /// <summary>Puts a character before every piece that doesn't begin with it.</summary>
    /// <param name="character">The character; it has the span of the piece's first.</param>
    /// <param name="where">Which pieces, by where they begin in the original text; null for all.</param>
    public void PrependWhereAbsent(char character, Func<int, bool>? where = null)
    {
        bool Lacks(TextPiece piece) => piece.Token is null && piece.End > piece.Start && Text.Characters[piece.Start] != character && (where is null || where(Text.SourceOf(piece.Start)));
        var any = false;
        foreach (var piece in Pieces)
            any |= Lacks(piece);
        if (!any)
            return;
        Rewrite((text, piece) =>
        {
            if (Lacks(piece))
                text.Insert([character], piece.Start);
            text.CopyUnchanged(piece.Start, piece.End);
        });
    }

    /// <summary>Splits every piece that is text where characters have a property.</summary>
    public void Split(Func<int, bool> isDelimiter, SplitBehavior behavior)
    {
        foreach (var piece in Pieces)
        {
            if (piece.Token is not null)
            {
                Add(piece.Start, piece.End, piece.Token);
                continue;
            }
            _matches.Clear();
            var done = piece.Start;
            for (var at = piece.Start; at < piece.End;)
            {
                var match = isDelimiter(Text.CodePointAt(at, out var length));
                if (match)
                {
                    if (done < at)
                        _matches.Add((done, at, false));
                    _matches.Add((at, at + length, true));
                    done = at + length;
                }
                at += length;
            }
            if (done < piece.End)
                _matches.Add((done, piece.End, false));
            AddSplits(behavior);
        }
        EndStep();
    }

    /// <summary>Splits every piece that is text at the matches of a pattern.</summary>
    /// <param name="pattern">What to look for.</param>
    /// <param name="invert">Whether the delimiters are what does not match.</param>
    /// <param name="behavior">What becomes of the delimiters.</param>
    public void Split(TextPattern pattern, bool invert, SplitBehavior behavior)
    {
        foreach (var piece in Pieces)
        {
            if (piece.Token is not null)
            {
                Add(piece.Start, piece.End, piece.Token);
                continue;
            }
            var text = Text.Characters[piece.Start..piece.End];
            // A pattern that leaves nothing out gives the same pieces either way.
            if (pattern.Splitter is { } splitter && behavior == (invert ? SplitBehavior.Removed : SplitBehavior.Isolated))
            {
                for (var at = 0; at < text.Length;)
                {
                    var length = splitter.MatchLength(text[at..]);
                    Add(piece.Start + at, piece.Start + at + length);
                    at += length;
                }
                continue;
            }
            _matches.Clear();
            var done = 0;
            var found = pattern.In(text);
            while (found.Next(out var start, out var end))
            {
                if (done != start)
                    _matches.Add((piece.Start + done, piece.Start + start, invert));
                _matches.Add((piece.Start + start, piece.Start + end, !invert));
                done = end;
            }
            if (done != text.Length)
                _matches.Add((piece.Start + done, piece.End, invert));
            AddSplits(behavior);
        }
        EndStep();
    }

    private void AddSplits(SplitBehavior behavior)
    {
        var matches = CollectionsMarshal.AsSpan(_matches);
        switch (behavior)
        {
            case SplitBehavior.Removed:
                foreach (var (start, end, match) in matches)
                {
                    if (!match)
                        Add(start, end);
                }
                break;
            case SplitBehavior.Isolated:
                foreach (var (start, end, _) in matches)
                    Add(start, end);
                break;
            case SplitBehavior.MergedWithNext:
                AddMergedWithNext(matches);
                break;
            default:
                // A piece is extended while its neighbour belongs to it.
                var (open, previous) = ((Start: 0, End: 0, Any: false), false);
                foreach (var (start, end, match) in matches)
                {
                    var joins = open.Any && (behavior == SplitBehavior.Contiguous ? match == previous : match && !previous);
                    if (joins)
                    {
                        open.End = end;
                    }
                    else
                    {
                        if (open.Any)
                            Add(open.Start, open.End);
                        open = (start, end, true);
                    }
                    previous = match;
                }
                if (open.Any)
                    Add(open.Start, open.End);
                break;
        }
    }

    // From the right: a delimiter goes to the piece that was found before it.
    private void AddMergedWithNext(Span<(int Start, int End, bool Match)> matches)
    {
        var previous = false;
        var kept = matches.Length;
        for (var i = matches.Length - 1; i >= 0; i--)
        {
            var (start, _, match) = matches[i];
            if (match && !previous && kept < matches.Length)
                matches[kept].Start = start;
            else
                matches[--kept] = matches[i];
            previous = match;
        }
        foreach (var (start, end, _) in matches[kept..])
            Add(start, end);
    }
}
