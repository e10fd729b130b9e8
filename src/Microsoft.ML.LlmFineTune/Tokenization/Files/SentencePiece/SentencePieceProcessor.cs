using System.Buffers;
using System.Text;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// A SentencePiece <c>.model</c> used as SentencePiece itself uses it (Kudo and Richardson, 2018; the reference implementation is google/sentencepiece): Unigram, BPE, word and character models with
/// their own normalization, user-defined symbols, unused pieces and byte fallback. Spans are in UTF-16 units of the original text; an unpaired surrogate counts as U+FFFD. Safe for several threads.
/// </summary>
/// <remarks>
/// Models of Hugging Face's families shift and add ids and find special tokens in the text; for those load the folder (<see cref="HuggingFaceTokenizerFiles"/>).
/// </remarks>
public sealed class SentencePieceProcessor : Tokenizer
{
    // Beyond this the reference implementation refuses to sample.
    private const int MostSampledSplits = 512;

    private readonly SentencePieceModel _model;
    private readonly SentencePieceVocabulary _vocabulary;
    private readonly SentencePieceSegmenter _segmenter;
    private readonly SentencePieceNormalizer _normalizer;
    private readonly SentencePieceNormalizer? _denormalizer;

    internal SentencePieceProcessor(SentencePieceModel model, string name)
    {
        _model = model;
        _vocabulary = new SentencePieceVocabulary(model, name);
        _segmenter = SentencePieceSegmenter.Of(model, _vocabulary);
        _normalizer = new SentencePieceNormalizer(model.Normalizer, model.Trainer.TreatWhitespaceAsSuffix, _vocabulary.UserDefined.IsEmpty ? null : _vocabulary.UserDefined, name);
        _denormalizer = model.Denormalizer is { CharsMap.IsEmpty: false } spec ? new SentencePieceNormalizer(spec, whitespaceIsSuffix: false, kept: null, name) : null;
        BeginOfSequence = _vocabulary.ControlId(NonEmpty(model.Trainer.BeginPiece, "<s>"));
        EndOfSequence = _vocabulary.ControlId(NonEmpty(model.Trainer.EndPiece, "</s>"));
        Padding = _vocabulary.ControlId(NonEmpty(model.Trainer.PaddingPiece, "<pad>"));
    }

    /// <summary>How the model splits.</summary>
    public SentencePieceAlgorithm Algorithm => _model.Trainer.Algorithm;

    /// <summary>The number of pieces; ids are from 0 to one less.</summary>
    public int VocabularySize => _vocabulary.Count;

    /// <summary>The id for what the vocabulary does not have.</summary>
    public int Unknown => _vocabulary.UnknownId;

    /// <summary>The id of the begin of sequence; null where the model has none.</summary>
    public int? BeginOfSequence { get; }

    /// <summary>The id of the end of sequence; null where the model has none.</summary>
    public int? EndOfSequence { get; }

    /// <summary>The id to pad with; null where the model has none.</summary>
    public int? Padding { get; }

    /// <summary>Reads a <c>.model</c> file.</summary>
    /// <exception cref="InvalidDataException">The file is damaged; the message names the file and the place.</exception>
    /// <exception cref="NotSupportedException">The file is too large to be a model.</exception>
    public static SentencePieceProcessor Load(string path) => new(SentencePieceModel.Load(Require.Text(path)), path);

    /// <summary>Reads the content of a <c>.model</c> file; the stream stays open.</summary>
    /// <exception cref="InvalidDataException">The content is damaged; the message names the place.</exception>
    /// <exception cref="NotSupportedException">There is too much of it to be a model.</exception>
    public static SentencePieceProcessor Load(Stream stream) => new(SentencePieceModel.Load(Require.NotNull(stream), "the SentencePiece model"), "the SentencePiece model");

    /// <summary>Writes a <c>.model</c> file: the pieces, the rules of normalization and what encoding needs to know of the training. What else a file said of its training is not kept.</summary>
    public void Save(string path) => _model.Save(Require.Text(path));

    /// <summary>The pieces of a text.</summary>
    /// <exception cref="InvalidOperationException">The options ask for a begin or end of sequence that the model has not.</exception>
    public IReadOnlyList<EncodedToken> Encode(string text, SentencePieceEncodeOptions? options = null)
    {
        Require.NotNull(text);
        var normalized = new NormalizedText(this, text);
        return Tokens(normalized, normalized.Bytes.Length == 0 ? [] : _segmenter.Split(normalized.Bytes), options);
    }

    /// <summary>The most probable ways to split a text, best first. Unigram models only.</summary>
    /// <param name="text">The text.</param>
    /// <param name="count">How many; 1 to 1024. There may be fewer.</param>
    /// <param name="options">What is done with the pieces.</param>
    /// <exception cref="InvalidOperationException">The model is not Unigram, or has not what the options ask for.</exception>
    public IReadOnlyList<SentencePieceHypothesis> NBestEncode(string text, int count, SentencePieceEncodeOptions? options = null)
    {
        Require.NotNull(text);
        Require.Within(count, 1, 1024);
        Require.State(Algorithm == SentencePieceAlgorithm.Unigram, $"Only Unigram models know several splits with probabilities; this model is {Algorithm}. Use {nameof(Encode)} or {nameof(SampleEncode)}.");
        var normalized = new NormalizedText(this, text);
        var best = normalized.Bytes.Length == 0 ? [([], 0)] : _segmenter.Best(normalized.Bytes, count)!;
        return [.. best.Select(split => new SentencePieceHypothesis(Tokens(normalized, split.Segments, options), split.Score))];
    }

    /// <summary>A random way to split a text: subword regularization for Unigram models, BPE-dropout for BPE models. The same stream of numbers gives the same split.</summary>
    /// <param name="text">The text.</param>
    /// <param name="alpha">Unigram: each split is drawn with its probability to this power (0: all alike; larger: the best ones). BPE: the probability, 0 to 1, that a merge is left out.</param>
    /// <param name="random">Where chance comes from.</param>
    /// <param name="nbest">Unigram: from how many of the best splits is drawn, 1 to 512; null (default): from all. BPE ignores it.</param>
    /// <param name="options">What is done with the pieces.</param>
    /// <exception cref="InvalidOperationException">The model is of words or characters, or has not what the options ask for.</exception>
    public IReadOnlyList<EncodedToken> SampleEncode(string text, float alpha, RandomStream random, int? nbest = null, SentencePieceEncodeOptions? options = null)
    {
        Require.NotNull(text);
        Require.NotNull(random);
        Require.NotNegative(alpha);
        if (nbest is { } most)
            Require.Within(most, 1, MostSampledSplits, nameof(nbest));
        if (Algorithm == SentencePieceAlgorithm.Bpe)
            Require.Within(alpha, 0, 1);
        Require.State(Algorithm is SentencePieceAlgorithm.Unigram or SentencePieceAlgorithm.Bpe, $"Only Unigram and BPE models have several splits; this model is {Algorithm}. Use {nameof(Encode)}.");
        var normalized = new NormalizedText(this, text);
        if (normalized.Bytes.Length == 0)
            return Tokens(normalized, [], options);
        var segments = nbest is { } count && Algorithm == SentencePieceAlgorithm.Unigram
            ? Drawn(_segmenter.Best(normalized.Bytes, count)!, alpha, random)
            : _segmenter.Sample(normalized.Bytes, alpha, random)!;
        return Tokens(normalized, segments, options);
    }

    /// <summary>The text as the model normalizes it, with U+2581 for spaces where the model has it so.</summary>
    public string Normalize(string text) => Encoding.UTF8.GetString(_normalizer.Normalize(SentencePieceText.BytesOf(Require.NotNull(text)), out _));

    /// <summary>The text of ids.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not of the vocabulary.</exception>
    public override string Decode(IEnumerable<int> ids) => DecodePieces(Require.NotNull(ids).Select(PieceOf));

    /// <summary>Decodes into a buffer: all of the text, or nothing where the buffer is too small.</summary>
    public override OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten)
    {
        int[] all = [.. Require.NotNull(ids)];
        var text = Decode(all);
        var fits = text.TryCopyTo(destination);
        (idsConsumed, charsWritten) = fits ? (all.Length, text.Length) : (0, 0);
        return fits ? OperationStatus.Done : OperationStatus.DestinationTooSmall;
    }

    /// <summary>The text of pieces. Control pieces are invisible, the unknown piece is the model's sign for it (<c> U+2047 </c>), and a piece that the vocabulary does not have is its own text.</summary>
    public string DecodePieces(IEnumerable<string> pieces)
    {
        var text = new List<byte>();
        var bytes = new List<byte>();
        var (expectsSpace, spaceSeen) = (true, false);
        foreach (var piece in Require.NotNull(pieces))
        {
            var id = _vocabulary.IdOf(Require.NotNull(piece));
            if (_vocabulary[id].Kind == SentencePieceKind.Byte)
            {
                bytes.Add(SentencePieceVocabulary.ByteOf(piece));
                continue;
            }
            AppendBytes(text, bytes);
            expectsSpace &= !spaceSeen && text.Count == 0;
            text.AddRange(Encoding.UTF8.GetBytes(Surface(piece, id, expectsSpace, out spaceSeen)));
        }
        AppendBytes(text, bytes);
        return Encoding.UTF8.GetString(_denormalizer is null ? [.. text] : _denormalizer.Normalize(text.ToArray(), out _));
    }

    /// <summary>The id of a piece; that of the unknown piece where the vocabulary does not have it.</summary>
    public int IdOf(string piece) => _vocabulary.IdOf(Require.NotNull(piece));

    /// <summary>The piece of an id.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not of the vocabulary.</exception>
    public string PieceOf(int id) => _vocabulary[Checked(id)].Piece;

    /// <summary>The score of an id: the logarithm of its probability (Unigram), the order of its merge (BPE).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not of the vocabulary.</exception>
    public float ScoreOf(int id) => _vocabulary[Checked(id)].Score;

    /// <summary>What the piece of an id stands for.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not of the vocabulary.</exception>
    public SentencePieceKind KindOf(int id) => _vocabulary[Checked(id)].Kind;

    /// <summary>The pieces of a text with their spans in it. SentencePiece has no words to split into beforehand, and always normalizes.</summary>
    protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        text ??= textSpan.ToString();
        var tokens = Encode(text);
        if (tokens.Count <= settings.MaxTokenCount)
            return new EncodeResults<EncodedToken> { Tokens = tokens, CharsConsumed = text.Length };
        EncodedToken[] kept = [.. tokens.Take(Math.Max(settings.MaxTokenCount, 0))];
        return new EncodeResults<EncodedToken> { Tokens = kept, CharsConsumed = kept.Length == 0 ? 0 : kept[^1].Offset.End.Value };
    }

    private static string NonEmpty(string piece, string fallback) => piece.Length == 0 ? fallback : piece;

    private static List<SentencePieceSegment> Drawn(List<(List<SentencePieceSegment> Segments, float Score)> splits, float alpha, RandomStream random)
    {
        var largest = splits.Max(split => alpha * split.Score);
        double[] weights = [.. splits.Select(split => Math.Exp((alpha * split.Score) - largest))];
        var left = random.NextDouble() * weights.Sum();
        var i = 0;
        while (i < weights.Length - 1 && (left -= weights[i]) >= 0)
            i++;
        return splits[i].Segments;
    }

    private int Checked(int id) => Require.Below(id, 0, VocabularySize);

    private int Existing(int? id, string what, string piece) =>
        id ?? throw new InvalidOperationException($"The model has no {what} ('{piece}' is not one of its control pieces): leave it away.");

    // A character that no piece has is one unknown piece, together with its unknown neighbours; with byte fallback it is its bytes, of which the last has the span.
    private List<EncodedToken> Tokens(NormalizedText text, List<SentencePieceSegment> segments, SentencePieceEncodeOptions? options)
    {
        var tokens = new List<EncodedToken>(segments.Count);
        var afterUnknown = false;
        foreach (var segment in segments)
        {
            var piece = text.Bytes.AsSpan(segment.Start, segment.Length);
            var (start, end) = text.SpanOf(segment);
            var isUnknown = segment.Id == Unknown;
            if (isUnknown && _vocabulary.HasBytes)
            {
                for (var i = 0; i < piece.Length; i++)
                {
                    var id = _vocabulary.IdOfByte(piece[i]);
                    tokens.Add(new EncodedToken(id, _vocabulary[id].Piece, start..(i == piece.Length - 1 ? end : start)));
                }
            }
            else if (isUnknown && afterUnknown)
            {
                tokens[^1] = new EncodedToken(Unknown, tokens[^1].Value + Encoding.UTF8.GetString(piece), tokens[^1].Offset.Start.Value..end);
            }
            else
            {
                tokens.Add(new EncodedToken(segment.Id, isUnknown ? Encoding.UTF8.GetString(piece) : _vocabulary[segment.Id].Piece, start..end));
            }
            afterUnknown = isUnknown;
        }
        if (options is null)
            return tokens;
        if (options.EmitUnknownPiece)
            tokens = [.. tokens.Select(token => token.Id == Unknown ? new EncodedToken(Unknown, _vocabulary[Unknown].Piece, token.Offset) : token)];
        if (options.Reverse)
            tokens.Reverse();
        if (options.AddBeginOfSequence && Existing(BeginOfSequence, "begin of sequence", _model.Trainer.BeginPiece) is var begin)
            tokens.Insert(0, new EncodedToken(begin, _vocabulary[begin].Piece, 0..0));
        if (options.AddEndOfSequence && Existing(EndOfSequence, "end of sequence", _model.Trainer.EndPiece) is var last)
            tokens.Add(new EncodedToken(last, _vocabulary[last].Piece, text.Length..text.Length));
        return tokens;
    }

    private string Surface(string piece, int id, bool atBegin, out bool spaceSeen)
    {
        spaceSeen = false;
        switch (_vocabulary[id].Kind)
        {
            case SentencePieceKind.Control: return "";
            case SentencePieceKind.Unknown: return _vocabulary[id].Piece == piece ? _model.Trainer.UnknownSurface : piece;
        }
        if (atBegin && (_model.Normalizer.AddDummyPrefix || _model.Normalizer.RemoveExtraWhitespaces) && piece.StartsWith('\u2581'))
        {
            piece = piece[1..];
            // Without extra white space all of it goes at the begin, otherwise the one that was added.
            spaceSeen = !_model.Normalizer.RemoveExtraWhitespaces;
        }
        return piece.Replace('\u2581', ' ');
    }

    // Bytes that make no character become U+FFFD, each.
    private static void AppendBytes(List<byte> text, List<byte> bytes)
    {
        ReadOnlySpan<byte> rest = bytes.ToArray();
        while (rest.Length > 0)
        {
            var valid = Rune.DecodeFromUtf8(rest, out _, out var length) == OperationStatus.Done;
            length = valid ? length : 1;
            text.AddRange(valid ? rest[..length] : "\uFFFD"u8);
            rest = rest[length..];
        }
        bytes.Clear();
    }

    /// <summary>A text as the model sees it, and the way back.</summary>
    private readonly struct NormalizedText
    {
        private readonly int[] _origins;
        private readonly int[] _units;

        public NormalizedText(SentencePieceProcessor processor, string text)
        {
            var utf8 = SentencePieceText.BytesOf(text);
            Bytes = processor._normalizer.Normalize(utf8, out _origins);
            _units = SentencePieceText.UnitsOfBytes(utf8);
            Length = text.Length;
        }

        public byte[] Bytes { get; }

        /// <summary>The length of the original text in UTF-16 units.</summary>
        public int Length { get; }

        public (int Start, int End) SpanOf(SentencePieceSegment segment) => (_units[_origins[segment.Start]], _units[_origins[segment.Start + segment.Length]]);
    }
}
