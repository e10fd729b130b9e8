using System.Buffers;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// A byte-level BPE tokenizer (GPT-2's kind), read from and written to Hugging Face's <c>tokenizer.json</c>. Encoding takes added tokens out of the text, splits the rest into words, and merges the bytes of each word.
/// Any text can be encoded, and decoding gives it back; a lone surrogate becomes U+FFFD. Safe for several threads.
/// </summary>
public sealed class TokenizerModel : Tokenizer
{
    private readonly WordCache _words;
    private readonly AddedTokenSplitter _splitter;
    private readonly Dictionary<int, AddedToken> _addedTokens;

    internal TokenizerModel(BpeModel model, ByteLevelPreTokenizer preTokenizer, IReadOnlyList<AddedToken> addedTokens, PostProcessor postProcessor)
    {
        Model = model;
        ByteLevel = preTokenizer;
        PostProcessor = postProcessor;
        AddedTokens = addedTokens;
        _words = new WordCache(model);
        _splitter = new AddedTokenSplitter(addedTokens);
        _addedTokens = addedTokens.ToDictionary(token => token.Id);
        VocabularySize = 1 + Math.Max(model.Vocabulary.Values.DefaultIfEmpty(-1).Max(), _addedTokens.Keys.DefaultIfEmpty(-1).Max());
        EndOfText = WellKnown("<|endoftext|>", "</s>", "<|end_of_text|>", "<eos>", "[EOS]");
        Padding = WellKnown("<|padding|>", "<|pad|>", "<pad>", "[PAD]");
        Unknown = model.UnknownId ?? WellKnown("<unk>", "[UNK]");
    }

    /// <summary>One more than the largest token id.</summary>
    public int VocabularySize { get; }

    /// <summary>The token that ends a document: the special token named <c>&lt;|endoftext|&gt;</c>, <c>&lt;/s&gt;</c>, <c>&lt;|end_of_text|&gt;</c>, <c>&lt;eos&gt;</c> or <c>[EOS]</c>; null where there is none.</summary>
    public int? EndOfText { get; }

    /// <summary>The token to pad with: the special token named <c>&lt;|padding|&gt;</c>, <c>&lt;|pad|&gt;</c>, <c>&lt;pad&gt;</c> or <c>[PAD]</c>; null where there is none.</summary>
    public int? Padding { get; }

    /// <summary>The token for bytes that the vocabulary doesn't have; null where there is none.</summary>
    public int? Unknown { get; }

    /// <summary>Tokens that are found in the text before anything else looks at it.</summary>
    public IReadOnlyList<AddedToken> AddedTokens { get; }

    /// <summary>How texts are split into words.</summary>
    public override PreTokenizer PreTokenizer => ByteLevel;

    internal BpeModel Model { get; }

    internal ByteLevelPreTokenizer ByteLevel { get; }

    internal PostProcessor PostProcessor { get; }

    /// <summary>Reads a <c>tokenizer.json</c>.</summary>
    /// <exception cref="InvalidDataException">The file is malformed; the message names the file and the part.</exception>
    /// <exception cref="NotSupportedException">The file is in order, but has a part that is not of byte-level BPE; the message names it.</exception>
    public static TokenizerModel Load(string path)
    {
        Require.Text(path);
        using var file = File.OpenRead(path);
        return TokenizerJsonReader.Read(file, path);
    }

    /// <summary>Reads the content of a <c>tokenizer.json</c>.</summary>
    /// <exception cref="InvalidDataException">The content is malformed; the message names the part.</exception>
    /// <exception cref="NotSupportedException">The content is in order, but has a part that is not of byte-level BPE; the message names it.</exception>
    public static TokenizerModel Load(Stream stream) => TokenizerJsonReader.Read(Require.NotNull(stream), "tokenizer.json");

    /// <summary>Reads GPT-2's two files: the vocabulary as a JSON object, the merges one a line.</summary>
    /// <param name="vocabularyPath"><c>vocab.json</c> (or <c>encoder.json</c>).</param>
    /// <param name="mergesPath"><c>merges.txt</c> (or <c>vocab.bpe</c>).</param>
    /// <param name="specialTokens">Tokens of the vocabulary that are special; null takes <c>&lt;|endoftext|&gt;</c> if the vocabulary has it.</param>
    /// <exception cref="InvalidDataException">A file is malformed, or a special token is not in the vocabulary.</exception>
    public static TokenizerModel LoadVocabularyAndMerges(string vocabularyPath, string mergesPath, IReadOnlyList<string>? specialTokens = null) =>
        VocabularyAndMergesReader.Read(Require.Text(vocabularyPath), Require.Text(mergesPath), specialTokens);

    /// <summary>Writes a <c>tokenizer.json</c>. A file that is there stays as it was until the new one is complete.</summary>
    public void Save(string path)
    {
        Require.Text(path);
        var temporary = path + ".partial";
        try
        {
            using (var file = File.Create(temporary))
                Save(file);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Writes the content of a <c>tokenizer.json</c>; the stream stays open.</summary>
    public void Save(Stream stream) => TokenizerJsonWriter.Write(this, Require.NotNull(stream));

    /// <summary>The id of a token as the vocabulary spells it; null where there is none.</summary>
    public int? IdOf(string token) => AddedTokens.FirstOrDefault(added => added.Content == token)?.Id ?? Model.IdOf(token);

    /// <summary>The token of an id as the vocabulary spells it; null where there is none.</summary>
    public string? TokenOf(int id) => _addedTokens.TryGetValue(id, out var added) ? added.Content : Model.TokenOf(id);

    /// <summary>The tokens of a text, with the special tokens that the tokenizer puts around it, if wanted.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecialTokens">Whether the special tokens stand around it; they have the empty span at 0.</param>
    public IReadOnlyList<EncodedToken> Encode(string text, bool addSpecialTokens)
    {
        var tokens = EncodeToTokens(text, out _);
        if (!addSpecialTokens)
            return tokens;
        return [.. PostProcessor.Before.Select(SpecialToken), .. tokens, .. PostProcessor.After.Select(SpecialToken)];
    }

    /// <summary>The text of tokens.</summary>
    /// <param name="ids">Token ids; those outside the vocabulary are passed over.</param>
    public override string Decode(IEnumerable<int> ids) => Decode(ids, skipSpecialTokens: false);

    /// <summary>The text of tokens.</summary>
    /// <param name="ids">Token ids; those outside the vocabulary are passed over.</param>
    /// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens) =>
        ByteLevelDecoder.Decode(Require.NotNull(ids).Select(id => TextualToken(id, skipSpecialTokens)).OfType<string>());

    /// <summary>Decodes into a buffer, whole characters only.</summary>
    public override OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten)
    {
        Require.NotNull(ids);
        (idsConsumed, charsWritten) = (0, 0);
        var decoder = CreateStreamingDecoder(skipSpecialTokens: false);
        var taken = 0;
        foreach (var id in ids)
        {
            taken++;
            if (decoder.Append(id) is not { } text)
                continue;
            if (!text.TryCopyTo(destination[charsWritten..]))
                return OperationStatus.DestinationTooSmall;
            charsWritten += text.Length;
            idsConsumed = taken;
        }
        var rest = decoder.Finish();
        if (!rest.TryCopyTo(destination[charsWritten..]))
            return OperationStatus.DestinationTooSmall;
        charsWritten += rest.Length;
        idsConsumed = taken;
        return OperationStatus.Done;
    }

    /// <summary>A decoder that takes tokens one by one.</summary>
    /// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
    public StreamingDecoder CreateStreamingDecoder(bool skipSpecialTokens) => new(ids => Decode(ids, skipSpecialTokens));

    private string? TextualToken(int id, bool skipSpecialTokens) =>
        skipSpecialTokens && _addedTokens.TryGetValue(id, out var added) && added.Special ? null : TokenOf(id);

    /// <inheritdoc/>
    protected override EncodeResults<int> EncodeToIds(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        // With a limit, the characters consumed matter: that takes the offsets.
        if (settings.MaxTokenCount != int.MaxValue)
            return base.EncodeToIds(text, textSpan, settings);
        var whole = text is null ? textSpan : text;
        var ids = new IdCollector();
        Walk(whole, settings.ConsiderPreTokenization, ref ids);
        return new EncodeResults<int> { Tokens = ids.Ids, CharsConsumed = whole.Length };
    }

    /// <inheritdoc/>
    protected override int CountTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings) => EncodeToIds(text, textSpan, settings).Tokens.Count;

    /// <summary>Tokens with their spans in the text. Where <see cref="EncodeSettings.MaxTokenCount"/> cuts a character that takes several tokens, all of them are left out.</summary>
    protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        Require.AtLeast(settings.MaxTokenCount, 1);
        var whole = text is null ? textSpan : text;
        var spans = new SpanCollector(settings.MaxTokenCount);
        Walk(whole, settings.ConsiderPreTokenization, ref spans);
        var consumed = spans.Cut(whole.Length);
        var tokens = new EncodedToken[spans.Tokens.Count];
        for (var i = 0; i < tokens.Length; i++)
        {
            var (id, added, start, end) = spans.Tokens[i];
            var value = TokenOf(id)!;
            var (trimmedStart, trimmedEnd) = PostProcessor.Trim(added ? whole[start..end] : value, first: i == 0, start, end);
            tokens[i] = new EncodedToken(id, value, trimmedStart..trimmedEnd);
        }
        return new EncodeResults<EncodedToken> { Tokens = tokens, CharsConsumed = consumed };
    }

    /// <inheritdoc/>
    protected override int GetIndexByTokenCount(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings, bool fromEnd, out string? normalizedText, out int tokenCount)
    {
        Require.AtLeast(settings.MaxTokenCount, 1);
        normalizedText = null;
        var whole = text is null ? textSpan : text;
        var spans = new SpanCollector(fromEnd ? int.MaxValue : settings.MaxTokenCount);
        Walk(whole, settings.ConsiderPreTokenization, ref spans);
        if (!fromEnd)
        {
            var consumed = spans.Cut(whole.Length);
            tokenCount = spans.Tokens.Count;
            return consumed;
        }
        var first = Math.Max(spans.Tokens.Count - settings.MaxTokenCount, 0);
        while (first > 0 && first < spans.Tokens.Count && spans.Tokens[first - 1].End > spans.Tokens[first].Start)
            first++;
        tokenCount = spans.Tokens.Count - first;
        return first == 0 ? 0 : tokenCount == 0 ? whole.Length : spans.Tokens[first].Start;
    }

    private void Walk<TCollector>(ReadOnlySpan<char> text, bool splitWords, ref TCollector collector) where TCollector : struct, ITokenCollector
    {
        foreach (var part in _splitter.Split(text))
        {
            if (collector.Full)
                return;
            if (part.Token is { } token)
            {
                collector.Add(token, part.Start, part.End);
                continue;
            }
            var segment = text[part.Start..part.End];
            var prefix = ByteLevel.NeedsPrefix(segment) ? 1 : 0;
            var prepared = prefix == 1 ? string.Concat(" ", segment) : segment;
            for (var at = 0; at < prepared.Length && !collector.Full;)
            {
                var length = splitWords ? ByteLevel.FirstWord(prepared[at..]) : prepared.Length;
                var word = prepared.Slice(at, length);
                collector.Add(word, part.Start + at - prefix, prefixed: prefix == 1 && at == 0, _words.Encode(word));
                at += length;
            }
        }
    }

    private EncodedToken SpecialToken(int id) => new(id, TokenOf(id) ?? "", 0..0);

    private int? WellKnown(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (AddedTokens.FirstOrDefault(token => token.Special && token.Content == name) is { } token)
                return token.Id;
        }
        return null;
    }
}
