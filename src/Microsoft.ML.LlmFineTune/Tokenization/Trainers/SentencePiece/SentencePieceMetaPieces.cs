using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The pieces of a SentencePiece model that aren't learnt, by their ids.</summary>
internal sealed class SentencePieceMetaPieces
{
    private readonly Dictionary<int, (string Piece, SentencePieceKind Kind)> _pieces = [];

    /// <exception cref="ArgumentException">Two pieces have one id, one piece stands there twice, or an id is outside of the vocabulary.</exception>
    public SentencePieceMetaPieces(SentencePieceTrainerOptions options)
    {
        foreach (var (id, piece, name) in (ReadOnlySpan<(int, string, string)>)
        [
            (options.UnknownId, options.UnknownPiece, nameof(options.UnknownId)), (options.BeginId, options.BeginPiece, nameof(options.BeginId)),
            (options.EndId, options.EndPiece, nameof(options.EndId)), (options.PaddingId, options.PaddingPiece, nameof(options.PaddingId)),
        ])
        {
            if (id < 0)
            {
                Require.Argument(name != nameof(options.UnknownId), $"{name} must be at least 0, there has to be an unknown piece; received {id}.", name);
                continue;
            }
            Require.Argument(id < options.VocabularySize, $"{name} must be less than the vocabulary's {options.VocabularySize} entries; received {id}.", name);
            Require.Argument(!_pieces.ContainsKey(id), $"{name} must be an id of its own; received {id}, which is that of '{_pieces.GetValueOrDefault(id).Piece}'.", name);
            Require.Argument(name == nameof(options.UnknownId) || piece != options.UnknownPiece, $"'{piece}' is the unknown piece and can't be another one as well.", name);
            _pieces.Add(id, (piece, name == nameof(options.UnknownId) ? SentencePieceKind.Unknown : SentencePieceKind.Control));
        }
        var symbols = options.ControlSymbols.Select(symbol => (symbol, SentencePieceKind.Control)).Concat(options.UserDefinedSymbols.Select(symbol => (symbol, SentencePieceKind.UserDefined)));
        if (options.ByteFallback)
            symbols = symbols.Concat(Enumerable.Range(0, 256).Select(value => ($"<0x{value:X2}>", SentencePieceKind.Byte)));
        var seen = new HashSet<string>();
        var free = 0;
        foreach (var (symbol, kind) in symbols)
        {
            Require.Argument(seen.Add(symbol), $"Control symbols, user-defined symbols and bytes must differ; '{symbol}' stands there twice.", nameof(options));
            Require.Argument(symbol != options.UnknownPiece, $"'{symbol}' is the unknown piece and can't be a control or user-defined symbol.", nameof(options));
            // The marks of a sequence may change their kind.
            var known = symbol == options.BeginPiece && options.BeginId >= 0 ? options.BeginId : symbol == options.EndPiece && options.EndId >= 0 ? options.EndId : symbol == options.PaddingPiece && options.PaddingId >= 0 ? options.PaddingId : -1;
            if (known < 0)
            {
                while (_pieces.ContainsKey(free))
                    free++;
                known = free;
            }
            _pieces[known] = (symbol, kind);
        }
        Require.Argument(Count <= options.VocabularySize, $"{nameof(options.VocabularySize)} must be at least {Count}, for what isn't learnt; received {options.VocabularySize}.", nameof(options));
    }

    /// <summary>How many there are.</summary>
    public int Count => _pieces.Count;

    /// <summary>Their texts.</summary>
    public IEnumerable<string> Texts => _pieces.Values.Select(entry => entry.Piece);

    /// <summary>All pieces by their ids: these, and learnt ones where there is room.</summary>
    /// <exception cref="ArgumentException">The learnt pieces don't fill the vocabulary as the options want it, or one of them is among these.</exception>
    public List<SentencePieceEntry> Combine(List<(string Piece, float Score)> learnt, SentencePieceTrainerOptions options)
    {
        var known = Texts.ToHashSet();
        var pieces = new List<SentencePieceEntry>();
        var next = 0;
        for (var id = 0; id < options.VocabularySize; id++)
        {
            if (_pieces.TryGetValue(id, out var entry))
            {
                pieces.Add(new SentencePieceEntry(entry.Piece, 0, entry.Kind));
                continue;
            }
            if (next == learnt.Count)
                break;
            Require.Argument(!known.Contains(learnt[next].Piece), $"'{learnt[next].Piece}' is learnt from the texts and can't be a symbol of the options as well.", nameof(options));
            pieces.Add(new SentencePieceEntry(learnt[next].Piece, learnt[next].Score, SentencePieceKind.Normal));
            next++;
        }
        Require.Argument(pieces.Count == Count + learnt.Count, $"Ids must follow each other without a gap: with {learnt.Count} learnt pieces there is none for id {pieces.Count}, and larger ones are asked for.", nameof(options));
        Require.Argument(!options.HardVocabularyLimit || pieces.Count == options.VocabularySize,
            $"{nameof(options.VocabularySize)} must be at most {pieces.Count} for these texts; received {options.VocabularySize}. Or let it be an upper limit: {nameof(options.HardVocabularyLimit)} = false.", nameof(options));
        return pieces;
    }
}
