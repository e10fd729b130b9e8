using System.Globalization;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The pieces of a model by id and by text. Pieces that texts are made of are kept apart from the reserved ones (control, unknown, bytes), which no text becomes.</summary>
internal sealed class SentencePieceVocabulary
{
    private readonly IReadOnlyList<SentencePieceEntry> _pieces;
    private readonly Dictionary<string, int> _reserved = new(StringComparer.Ordinal);
    private readonly int[] _bytes = new int[256];

    public SentencePieceVocabulary(SentencePieceModel model, string name)
    {
        _pieces = model.Pieces;
        Array.Fill(_bytes, -1);
        var used = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var id = 0; id < _pieces.Count; id++)
        {
            var (piece, _, kind) = _pieces[id];
            var isText = kind is SentencePieceKind.Normal or SentencePieceKind.UserDefined or SentencePieceKind.Unused;
            if (!(isText ? used : _reserved).TryAdd(piece, id))
                throw new InvalidDataException($"{name}: piece {id} ('{piece}') repeats piece {(isText ? used : _reserved)[piece]}.");
            if (kind == SentencePieceKind.Unknown && UnknownId is var first && first >= 0)
                throw new InvalidDataException($"{name}: a model has one unknown piece; pieces {first} and {id} are of this type.");
            if (kind == SentencePieceKind.Unknown)
                UnknownId = id;
            if (kind == SentencePieceKind.Byte)
                _bytes[ByteOf(piece, id, model.Trainer.ByteFallback, name)] = id;
        }
        if (UnknownId < 0)
            throw new InvalidDataException($"{name} has no unknown piece.");
        if (model.Trainer.ByteFallback && Array.IndexOf(_bytes, -1) is >= 0 and var missing)
            throw new InvalidDataException($"{name}: with byte_fallback each byte needs a piece; <0x{missing:X2}> is missing.");
        HasBytes = model.Trainer.ByteFallback;
        Texts = new ByteTrie(used.Select(entry => (SentencePieceText.BytesOf(entry.Key), entry.Value)));
        UserDefined = new ByteTrie(used.Where(entry => _pieces[entry.Value].Kind == SentencePieceKind.UserDefined).Select(entry => (SentencePieceText.BytesOf(entry.Key), entry.Value)));
    }

    public int Count => _pieces.Count;

    public int UnknownId { get; } = -1;

    /// <summary>Whether unknown characters become bytes.</summary>
    public bool HasBytes { get; }

    /// <summary>The pieces that texts are made of.</summary>
    public ByteTrie Texts { get; }

    /// <summary>Those of them that are never split.</summary>
    public ByteTrie UserDefined { get; }

    public SentencePieceEntry this[int id] => _pieces[id];

    public bool IsUnused(int id) => _pieces[id].Kind == SentencePieceKind.Unused;

    /// <summary>The id of the piece that stands for a byte.</summary>
    public int IdOfByte(byte value) => _bytes[value];

    /// <summary>The id of a piece, reserved ones first; the unknown piece's where there is none.</summary>
    public int IdOf(string piece) => _reserved.TryGetValue(piece, out var id) ? id : Texts.ValueOf(SentencePieceText.BytesOf(piece)) is >= 0 and var text ? text : UnknownId;

    /// <summary>The id of a part of a text, by the same rule.</summary>
    public int IdOf(ReadOnlySpan<byte> piece) => IdOf(System.Text.Encoding.UTF8.GetString(piece));

    /// <summary>The id of a control piece; null where there is none of that name.</summary>
    public int? ControlId(string piece) => _reserved.TryGetValue(piece, out var id) && _pieces[id].Kind == SentencePieceKind.Control ? id : null;

    /// <summary>The byte that a piece of this kind names.</summary>
    public static byte ByteOf(string piece) => byte.Parse(piece.AsSpan(3, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static byte ByteOf(string piece, int id, bool expected, string name)
    {
        if (!expected)
            throw new InvalidDataException($"{name}: piece {id} ('{piece}') is a byte, but byte_fallback is false.");
        return piece.Length == 6 && piece.StartsWith("<0x", StringComparison.Ordinal) && piece[5] == '>' && char.IsAsciiHexDigit(piece[3]) && char.IsAsciiHexDigit(piece[4]) && piece[3..5].ToUpperInvariant() == piece[3..5]
            ? ByteOf(piece)
            : throw new InvalidDataException($"{name}: piece {id} is a byte and must be named <0x00> to <0xFF>; it is '{piece}'.");
    }
}
