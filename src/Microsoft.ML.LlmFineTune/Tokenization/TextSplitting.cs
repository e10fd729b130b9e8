using System.Text;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>From a text to its tokens: added tokens are taken out, what lies between is normalized and split into words, and the model cuts the words. Safe for several threads.</summary>
internal sealed class TextSplitting
{
    [ThreadStatic]
    private static Workspace? s_workspace;

    private readonly TextNormalizer? _normalizer;
    private readonly TextPreTokenizer? _preTokenizer;
    private readonly VocabularyModel _model;
    private readonly AddedTokenFinder _literal;
    private readonly AddedTokenFinder _normalized;
    private readonly IReadOnlyDictionary<int, string> _normalizedContents;
    private readonly bool _spells;
    private readonly WordCache? _words;

    public TextSplitting(TokenizerParts parts, IReadOnlyDictionary<int, string> normalizedContents)
    {
        (_normalizer, _preTokenizer, _model, _normalizedContents) = (parts.Normalizer, parts.PreTokenizer, parts.Model, normalizedContents);
        _literal = new AddedTokenFinder(parts.AddedTokens.Where(token => !token.Normalized).Select(token => (token.Content, token)));
        _normalized = new AddedTokenFinder(parts.AddedTokens.Where(token => token.Normalized).Select(token => (normalizedContents.GetValueOrDefault(token.Id, token.Content), token)));
        // An unknown token that is spelled as the text needs the bytes spelled before.
        _spells = _preTokenizer is { SpellsBytesLast: true } && !_model.UnknownKeepsText;
        _words = _model.Deterministic ? new WordCache() : null;
    }

    /// <summary>Appends the tokens of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="word">The number of the word that all of it is; null numbers the words as they are found.</param>
    /// <param name="normalize">Whether the text is normalized.</param>
    /// <param name="split">Whether the text is split into words.</param>
    /// <param name="tokens">Takes the tokens.</param>
    /// <param name="enough">Reading stops where so many tokens are there; a few more may be.</param>
    public void Run(ReadOnlySpan<char> text, int? word, bool normalize, bool split, TokenBuffer tokens, int enough = int.MaxValue)
    {
        // A tokenizer that is called while this one reads (by a user's own code) finds no workspace and makes its own.
        var workspace = s_workspace ?? new Workspace();
        s_workspace = null;
        try
        {
            Run(text, word, normalize ? _normalizer : null, split ? _preTokenizer : null, tokens, enough, workspace);
        }
        finally
        {
            s_workspace = workspace.IsSmall ? workspace : null;
        }
    }

    /// <summary>The words of a text as the model sees them, added tokens aside.</summary>
    public void Words<TSink>(ReadOnlySpan<char> text, ref TSink sink) where TSink : IWordSink, allows ref struct
    {
        var workspace = s_workspace ?? new Workspace();
        s_workspace = null;
        try
        {
            workspace.Parts.Clear();
            _literal.Split(text, 0, workspace.Parts);
            foreach (var part in workspace.Parts)
            {
                if (part.Token is not null)
                    continue;
                Prepare(text, part, _normalizer, _preTokenizer, workspace);
                foreach (var piece in workspace.Pieces.Pieces)
                {
                    if (piece.Token is null && piece.End > piece.Start)
                        sink.Add(workspace.Pieces.Text.Characters[piece.Start..piece.End]);
                }
            }
        }
        finally
        {
            s_workspace = workspace.IsSmall ? workspace : null;
        }
    }

    private void Run(ReadOnlySpan<char> text, int? word, TextNormalizer? normalizer, TextPreTokenizer? preTokenizer, TokenBuffer tokens, int enough, Workspace workspace)
    {
        workspace.Parts.Clear();
        _literal.Split(text, 0, workspace.Parts);
        var found = 0;
        foreach (var part in workspace.Parts)
        {
            if (tokens.Count >= enough)
                return;
            if (part.Token is { } token)
            {
                Add(tokens, token, text[part.Start..part.End], new TokenSpan(part.Start, part.End), word ?? found);
                found++;
                continue;
            }
            Prepare(text, part, normalizer, preTokenizer, workspace);
            found += Cut(workspace, word, found, tokens, enough);
        }
    }

    private void Prepare(ReadOnlySpan<char> text, TextPiece part, TextNormalizer? normalizer, TextPreTokenizer? preTokenizer, Workspace workspace)
    {
        var pieces = workspace.Pieces;
        pieces.Text.Reset(text[part.Start..part.End], part.Start);
        normalizer?.Apply(pieces.Text, pieces.Changes);
        pieces.Reset();
        if (!_normalized.FindsNothing)
            pieces.Find(_normalized);
        if (_spells)
            preTokenizer?.ApplyWithoutSpelling(pieces);
        else
            preTokenizer?.Apply(pieces);
    }

    private int Cut(Workspace workspace, int? word, int firstWord, TokenBuffer tokens, int enough)
    {
        var pieces = workspace.Pieces.Pieces;
        var characters = workspace.Pieces.Text.Characters;
        for (var i = 0; i < pieces.Length; i++)
        {
            if (tokens.Count >= enough)
                return i;
            var (start, end, token) = pieces[i];
            if (end == start)
                continue;
            var number = word ?? firstWord + i;
            var content = characters[start..end];
            if (token is not null)
            {
                Add(tokens, token, content, workspace.Pieces.Text.SpanOf(start, end), number);
                continue;
            }
            foreach (var piece in TokensOf(content, workspace))
            {
                tokens.Add(piece.Id, workspace.Pieces.Text.SpanOf(start + piece.Start, start + piece.End), number);
                if (piece.Id == _model.UnknownId && _model.UnknownKeepsText)
                    tokens.Spell(content[piece.Start..piece.End].ToString());
                // The model found the token by its own spelling, not by the normalized one of the added token.
                else if (_normalizedContents.Count > 0 && _normalizedContents.ContainsKey(piece.Id))
                    tokens.Spell(_model.TokenOf(piece.Id)!);
            }
        }
        return pieces.Length;
    }

    private ReadOnlySpan<TokenPiece> TokensOf(ReadOnlySpan<char> word, Workspace workspace)
    {
        var hash = 0u;
        if (_words?.Find(word, out hash) is { } known)
            return known;
        workspace.Tokens.Clear();
        // A vocabulary of spelled bytes needs them spelled even where words aren't split.
        if (_spells)
            CutSpelled(word, workspace);
        else
            _model.Tokenize(word, workspace.Tokens);
        TokenPiece[] tokens = [.. workspace.Tokens];
        _words?.Add(word, hash, tokens);
        return tokens;
    }

    // The model sees the word's bytes, spelled; its tokens are then those of the characters that the bytes are of.
    private void CutSpelled(ReadOnlySpan<char> word, Workspace workspace)
    {
        var (spelled, characters) = (workspace.Spelled, workspace.Characters);
        spelled.Clear();
        characters.Clear();
        Span<byte> bytes = stackalloc byte[4];
        for (var at = 0; at < word.Length;)
        {
            Rune.DecodeFromUtf16(word[at..], out var rune, out var length);
            var count = rune.EncodeToUtf8(bytes);
            for (var i = 0; i < count; i++)
            {
                spelled.Append(ByteAlphabet.NameOf(bytes[i]));
                characters.Add((at, at + length));
            }
            at += length;
        }
        _model.Tokenize(spelled.ToString(), workspace.Tokens);
        for (var i = 0; i < workspace.Tokens.Count; i++)
        {
            var (id, start, end) = workspace.Tokens[i];
            workspace.Tokens[i] = new TokenPiece(id, characters[start].Start, characters[end - 1].End);
        }
    }

    private static void Add(TokenBuffer tokens, AddedToken token, ReadOnlySpan<char> text, TokenSpan span, int word)
    {
        tokens.Add(token.Id, span, word);
        if (!text.SequenceEqual(token.Content))
            tokens.Spell(text.ToString());
    }

    private sealed class Workspace
    {
        public List<TextPiece> Parts { get; } = [];

        public PieceList Pieces { get; } = new();

        public List<TokenPiece> Tokens { get; } = [];

        public StringBuilder Spelled { get; } = new();

        public List<(int Start, int End)> Characters { get; } = [];

        /// <summary>Whether it may be kept: what a very long text needed goes with it.</summary>
        public bool IsSmall => Pieces.Text.Capacity <= 1 << 20;
    }
}

/// <summary>Takes words one by one.</summary>
internal interface IWordSink
{
    void Add(ReadOnlySpan<char> word);
}
