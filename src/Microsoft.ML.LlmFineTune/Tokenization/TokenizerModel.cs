using System.Buffers;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>
/// A tokenizer of subwords as Hugging Face's <c>tokenizer.json</c> describes it: a normalizer, a pre-tokenizer, a vocabulary with its model (BPE, WordPiece, Unigram or words), a post-processor, a decoder, and added tokens.
/// Its answers are those of Hugging Face's tokenizers. Immutable, safe for several threads.
/// </summary>
/// <remarks>
/// Spans are UTF-16 units of the original text, whatever the normalizer did to it: <c>text[span.Start..span.End]</c>. A surrogate without its partner is read as U+FFFD.
/// What the base class declares (<see cref="Tokenizer.EncodeToIds(string, bool, bool)"/> and its kin) gives the tokens of the text alone; special tokens, pairs, truncation and padding are those of <see cref="Encode(EncodingInput, EncodingOptions?)"/>.
/// </remarks>
public sealed class TokenizerModel : Tokenizer
{
    [ThreadStatic]
    private static TokenBuffer? s_buffer;

    private readonly TextSplitting _splitting;
    private readonly Dictionary<string, AddedToken> _addedByContent;
    private readonly Dictionary<int, AddedToken> _addedById;
    private readonly Dictionary<int, string> _normalizedContents;
    private readonly Dictionary<int, string> _postProcessorTokens;
    private readonly HashSet<string> _specialContents;

    internal TokenizerModel(TokenizerParts parts)
    {
        Parts = parts = parts with { AddedTokens = AddedTokenIds.Assign([], parts.AddedTokens, parts.Model) };
        AddedTokens = parts.AddedTokens;
        _addedByContent = AddedTokens.ToDictionary(token => token.Content);
        _addedById = [];
        foreach (var token in AddedTokens)
            _addedById[token.Id] = token;
        _specialContents = [.. AddedTokens.Where(token => token.Special).Select(token => token.Content)];
        _normalizedContents = parts.Normalizer is null ? [] : AddedTokens.Where(token => token.Normalized)
            .Select(token => (token.Id, Text: parts.Normalizer.Normalize(token.Content), token.Content)).Where(token => token.Text != token.Content).DistinctBy(token => token.Id).ToDictionary(token => token.Id, token => token.Text);
        _postProcessorTokens = [];
        foreach (var (token, id) in parts.PostProcessor?.SpecialTokens ?? [])
            _postProcessorTokens[id] = token;
        _splitting = new TextSplitting(parts, _normalizedContents);
        VocabularySize = 1 + Math.Max(parts.Model.Vocabulary.Values.DefaultIfEmpty(-1).Max(), _addedById.Keys.DefaultIfEmpty(-1).Max());
        EndOfText = Configured(parts.Config?.EosToken) ?? WellKnown("<|endoftext|>", "</s>", "<|end_of_text|>", "<eos>", "[EOS]");
        Padding = Configured(parts.Config?.PadToken) ?? (parts.Padding is { } padding && TokenOf(padding.Id) is not null ? padding.Id : WellKnown("<|padding|>", "<|pad|>", "<pad>", "[PAD]"));
        Unknown = parts.Model.UnknownId ?? Configured(parts.Config?.UnkToken) ?? WellKnown("<unk>", "[UNK]");
    }

    /// <summary>One more than the largest token id.</summary>
    public int VocabularySize { get; }

    /// <summary>The token that ends a document: <c>eos_token</c> of <see cref="Config"/>, else the special token named <c>&lt;|endoftext|&gt;</c>, <c>&lt;/s&gt;</c>, <c>&lt;|end_of_text|&gt;</c>, <c>&lt;eos&gt;</c> or <c>[EOS]</c>; null where there is none.</summary>
    public int? EndOfText { get; }

    /// <summary>The token to pad with: <c>pad_token</c> of <see cref="Config"/>, else that of the padding section, else the special token named <c>&lt;|padding|&gt;</c>, <c>&lt;|pad|&gt;</c>, <c>&lt;pad&gt;</c> or <c>[PAD]</c>; null where there is none.</summary>
    public int? Padding { get; }

    /// <summary>The token for what the vocabulary doesn't have: the model's own, else <c>unk_token</c> of <see cref="Config"/>, else the special token named <c>&lt;unk&gt;</c> or <c>[UNK]</c>; null where there is none.</summary>
    public int? Unknown { get; }

    /// <summary>What the <c>tokenizer_config.json</c> beside the tokenizer says: special tokens by their roles, chat templates, the model's length. Null where there was none, as for a single file.</summary>
    public TokenizerConfig? Config => Parts.Config;

    /// <summary>Tokens that are found in the text before the vocabulary's model looks at it.</summary>
    public IReadOnlyList<AddedToken> AddedTokens { get; }

    /// <summary>The tokens of the vocabulary's model and their ids; added tokens beyond it are not among them.</summary>
    public IReadOnlyDictionary<string, int> Vocabulary => Parts.Model.Vocabulary;

    /// <summary>What is done to a text first; null for nothing.</summary>
    public override Normalizer? Normalizer => Parts.Normalizer;

    /// <summary>How texts are split into words; null takes a text as one.</summary>
    public override PreTokenizer? PreTokenizer => Parts.PreTokenizer;

    /// <summary>What is done to the tokens; null for nothing.</summary>
    public TokenPostProcessor? PostProcessor => Parts.PostProcessor;

    /// <summary>How tokens become text; null joins them with spaces.</summary>
    public TokenDecoder? Decoder => Parts.Decoder;

    /// <summary>The options that the file's sections of truncation and padding ask for. <see cref="Encode(EncodingInput, EncodingOptions?)"/> takes them where none are given.</summary>
    public EncodingOptions DefaultOptions => field ??= new EncodingOptions { Truncation = Parts.Truncation, Padding = Parts.Padding };

    internal TokenizerParts Parts { get; }

    /// <summary>Reads a tokenizer from one file: a <c>tokenizer.json</c>, or by the end of its name a SentencePiece model (<c>.model</c>, <c>.spm</c>), a GGUF file (<c>.gguf</c>) or a WordPiece vocabulary (<c>.txt</c>).</summary>
    /// <param name="path">The file; what stands beside it is not looked at. Or a folder, as for <see cref="LoadFolder"/>. For files that need more than their content there are <see cref="TokenizerFiles"/> and <see cref="TiktokenEncoding"/>.</param>
    /// <exception cref="InvalidDataException">The file is malformed; the message names the file and the part.</exception>
    /// <exception cref="NotSupportedException">The file has a part of an unknown kind; the message names it.</exception>
    public static TokenizerModel Load(string path)
    {
        if (Directory.Exists(Require.Text(path)))
            return LoadFolder(path);
        switch (Path.GetExtension(path).ToLowerInvariant())
        {
            case ".tiktoken":
                throw new NotSupportedException($"{path} is a rank file of tiktoken, which needs a pattern and special tokens besides: use {nameof(TiktokenEncoding)}.{nameof(TiktokenEncoding.Load)}, or load the folder that it is in.");
            case ".model" or ".spm":
                return TokenizerFiles.LoadSentencePiece(path);
            case ".gguf":
                return TokenizerFiles.LoadGguf(path).WithConfig(TokenizerFiles.LoadGgufConfig(path));
            case ".txt":
                return TokenizerFiles.LoadVocabulary(path);
            default:
                using (var file = File.OpenRead(path))
                    return TokenizerJsonReader.Read(file, path);
        }
    }

    /// <summary>Reads the tokenizer of a folder as Hugging Face's hub has them, with what its <c>tokenizer_config.json</c> and the files beside it say; which files, says <see cref="HuggingFaceTokenizerFiles"/>.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="FileNotFoundException">The folder has none of the files that make a tokenizer.</exception>
    /// <exception cref="InvalidDataException">A file is malformed; the message names the file and the part.</exception>
    /// <exception cref="NotSupportedException">A file has a part of an unknown kind; the message names it.</exception>
    public static TokenizerModel LoadFolder(string folder) => HuggingFaceTokenizerFiles.Read(folder).Tokenizer;

    /// <summary>Reads the content of a <c>tokenizer.json</c>.</summary>
    /// <exception cref="InvalidDataException">The content is malformed; the message names the part.</exception>
    /// <exception cref="NotSupportedException">The content has a part of an unknown kind; the message names it.</exception>
    public static TokenizerModel Load(Stream stream) => TokenizerJsonReader.Read(Require.NotNull(stream), "tokenizer.json");

    /// <summary>Reads GPT-2's two files: the vocabulary as a JSON object, the merges one a line.</summary>
    /// <param name="vocabularyPath"><c>vocab.json</c> (or <c>encoder.json</c>).</param>
    /// <param name="mergesPath"><c>merges.txt</c> (or <c>vocab.bpe</c>).</param>
    /// <param name="specialTokens">Tokens of the vocabulary that are special; null takes <c>&lt;|endoftext|&gt;</c> if the vocabulary has it.</param>
    /// <exception cref="InvalidDataException">A file is malformed, or a special token is not in the vocabulary.</exception>
    public static TokenizerModel LoadVocabularyAndMerges(string vocabularyPath, string mergesPath, IReadOnlyList<string>? specialTokens = null) =>
        VocabularyAndMergesReader.Read(Require.Text(vocabularyPath), Require.Text(mergesPath), specialTokens);

    /// <summary>Writes a <c>tokenizer.json</c>. A file that is there stays as it was until the new one is complete.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ArgumentException">The path is that of a folder.</exception>
    public void Save(string path)
    {
        Require.Argument(!Directory.Exists(path), $"A tokenizer is saved as a file; '{path}' is a folder. {nameof(SaveFolder)} writes into it.", nameof(path));
        WholeFile.Write(Require.Text(path), Save);
    }

    /// <summary>Writes <c>tokenizer.json</c> and <c>tokenizer_config.json</c> into a folder, as <see cref="LoadFolder"/> and transformers read them.</summary>
    /// <param name="folder">Made when missing.</param>
    public void SaveFolder(string folder)
    {
        Directory.CreateDirectory(Require.Text(folder));
        Save(Path.Combine(folder, "tokenizer.json"));
        DescribeTokens().Save(Path.Combine(folder, "tokenizer_config.json"));
    }

    /// <summary>Writes the content of a <c>tokenizer.json</c>; the stream stays open.</summary>
    public void Save(Stream stream) => TokenizerJsonWriter.Write(Parts, Require.NotNull(stream));

    /// <summary>The same tokenizer with another post-processor.</summary>
    public TokenizerModel WithPostProcessor(TokenPostProcessor? postProcessor) => new(Parts with { PostProcessor = postProcessor });

    /// <summary>The same tokenizer with another decoder; null joins tokens with spaces.</summary>
    public TokenizerModel WithDecoder(TokenDecoder? decoder) => new(Parts with { Decoder = decoder });

    /// <summary>The same tokenizer with other truncation and padding by default.</summary>
    public TokenizerModel WithDefaults(TruncationOptions? truncation, PaddingOptions? padding) => new(Parts with { Truncation = truncation, Padding = padding });

    /// <summary>The same tokenizer with another configuration: it names the tokens with a role, and is saved with the tokenizer.</summary>
    public TokenizerModel WithConfig(TokenizerConfig? config) => new(Parts with { Config = config });

    /// <summary>The same tokenizer with BPE dropout (Provilkov et al., 2020): each merge is passed over with a probability, so that a text is cut otherwise each time. For training; evaluate with a tokenizer without it.</summary>
    /// <param name="probability">From 0 to 1; null or 0 for none.</param>
    /// <param name="seed">Where the draws begin: the same texts in the same order on one thread are then cut in the same way. Null draws other numbers every time.</param>
    /// <exception cref="NotSupportedException">The vocabulary's model is not BPE.</exception>
    public TokenizerModel WithDropout(double? probability, int? seed = null)
    {
        Require.Within(probability ?? 0, 0, 1, nameof(probability));
        var model = Parts.Model as BpeModel ?? throw new NotSupportedException($"Dropout is for BPE; this tokenizer's model is {Parts.Model.GetType().Name}. For Unigram, {nameof(SentencePieceProcessor)} can draw among the ways to cut a text.");
        return new(Parts with { Model = new BpeModel(model.Vocabulary.ToDictionary(), model.Merges, model.Options with { Dropout = probability, DropoutSeed = seed }) });
    }

    /// <summary>The same tokenizer with more added tokens. One that the vocabulary has keeps its id there, whatever the id given; the others get the next free ids.</summary>
    public TokenizerModel WithAddedTokens(params IReadOnlyList<AddedToken> tokens) => new(Parts with { AddedTokens = AddedTokenIds.Assign(Parts.AddedTokens, Require.NotNull(tokens), Parts.Model) });

    /// <summary>The id of a token as the vocabulary spells it; null where there is none.</summary>
    public int? IdOf(string token) => _addedByContent.TryGetValue(Require.NotNull(token), out var added) ? added.Id : Parts.Model.IdOf(token);

    /// <summary>The token of an id as the vocabulary spells it; null where there is none.</summary>
    public string? TokenOf(int id) => _addedById.TryGetValue(id, out var added) ? _normalizedContents.GetValueOrDefault(id, added.Content) : Parts.Model.TokenOf(id);

    /// <summary>Encodes a text, a pair of texts, or their words.</summary>
    /// <param name="input">A text; see <see cref="EncodingInput"/> for the others.</param>
    /// <param name="options">Special tokens, truncation and padding; null takes <see cref="DefaultOptions"/>.</param>
    /// <exception cref="ArgumentException">The text cannot be cut as the options ask for.</exception>
    /// <exception cref="InvalidOperationException">A word is not in the vocabulary, and that has no unknown token.</exception>
    public TextEncoding Encode(EncodingInput input, EncodingOptions? options = null)
    {
        options ??= DefaultOptions;
        EncodingChecks.Check(options);
        var encoded = EncodeUnpadded(input, options);
        if (options.Padding is { } padding)
            encoded.Pad(EncodingChecks.LengthOf(padding, encoded.Count), padding);
        return new TextEncoding(encoded, Spell);
    }

    /// <summary>Encodes many, on all cores, and pads them to one length where padding is asked for. The results are in the order of the inputs and don't depend on the number of threads.</summary>
    /// <param name="inputs">Texts or pairs.</param>
    /// <param name="options">Special tokens, truncation and padding; null takes <see cref="DefaultOptions"/>.</param>
    /// <param name="cancellationToken">Ends the work early, with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ArgumentException">A text cannot be cut as the options ask for.</exception>
    /// <exception cref="InvalidOperationException">A word is not in the vocabulary, and that has no unknown token.</exception>
    public IReadOnlyList<TextEncoding> EncodeBatch(IReadOnlyList<EncodingInput> inputs, EncodingOptions? options = null, CancellationToken cancellationToken = default)
    {
        Require.NotNull(inputs);
        options ??= DefaultOptions;
        EncodingChecks.Check(options);
        var results = new TextEncoding[inputs.Count];
        var encoded = options.Padding is null ? null : new EncodedTokens[inputs.Count];
        ParallelWork.ForEach(inputs.Count, options.Threads, cancellationToken, i =>
        {
            var tokens = EncodeUnpadded(inputs[i], options);
            if (encoded is null)
                results[i] = new TextEncoding(tokens, Spell);
            else
                encoded[i] = tokens;
        });
        if (encoded is not null)
        {
            var length = EncodingChecks.LengthOf(options.Padding!, encoded.Length == 0 ? 0 : encoded.Max(tokens => tokens.Count));
            ParallelWork.ForEach(inputs.Count, options.Threads, cancellationToken, i =>
            {
                encoded[i].Pad(length, options.Padding!);
                results[i] = new TextEncoding(encoded[i], Spell);
            });
        }
        return results;
    }

    /// <summary>Encodes many texts, on all cores; see <see cref="EncodeBatch(IReadOnlyList{EncodingInput}, EncodingOptions?, CancellationToken)"/>.</summary>
    public IReadOnlyList<TextEncoding> EncodeBatch(IReadOnlyList<string> texts, EncodingOptions? options = null, CancellationToken cancellationToken = default) =>
        EncodeBatch([.. Require.NotNull(texts).Select(text => EncodingInput.Of(text))], options, cancellationToken);

    /// <summary>The text of tokens.</summary>
    /// <param name="ids">Token ids.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is not that of a token.</exception>
    public override string Decode(IEnumerable<int> ids) => Decode(ids, skipSpecialTokens: false);

    /// <summary>The text of tokens.</summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is not that of a token.</exception>
    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens)
    {
        var tokens = new List<string>();
        foreach (var id in Require.NotNull(ids))
        {
            var token = TokenOf(id) ?? throw new ArgumentOutOfRangeException(nameof(ids), id, $"The id {id} is not that of a token: the vocabulary has ids from 0 to {VocabularySize - 1}{(id >= 0 && id < VocabularySize ? ", and this one is not used" : "")}.");
            if (!skipSpecialTokens || !_specialContents.Contains(token))
                tokens.Add(token);
        }
        return Parts.Decoder is { } decoder ? decoder.Decode(tokens) : string.Join(' ', tokens);
    }

    /// <summary>Decodes into a buffer, whole characters only.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not that of a token.</exception>
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

    /// <summary>The words of a text as the vocabulary's model sees them; what training counts.</summary>
    internal void Words<TSink>(ReadOnlySpan<char> text, ref TSink sink) where TSink : IWordSink, allows ref struct => _splitting.Words(text, ref sink);

    /// <inheritdoc/>
    protected override EncodeResults<int> EncodeToIds(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        var length = text?.Length ?? textSpan.Length;
        return WithTokens(text is null ? textSpan : text, settings, tokens =>
        {
            var consumed = TokenCut.AtMost(tokens, settings.MaxTokenCount, length, out var count);
            return new EncodeResults<int> { Tokens = tokens.Ids[..count].ToArray(), CharsConsumed = consumed };
        });
    }

    /// <inheritdoc/>
    protected override int CountTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        var length = text?.Length ?? textSpan.Length;
        return WithTokens(text is null ? textSpan : text, settings, tokens =>
        {
            TokenCut.AtMost(tokens, settings.MaxTokenCount, length, out var count);
            return count;
        });
    }

    /// <summary>Tokens with their spans in the text. Where <see cref="EncodeSettings.MaxTokenCount"/> cuts a character that takes several tokens, all of them are left out.</summary>
    protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        var length = text?.Length ?? textSpan.Length;
        return WithTokens(text is null ? textSpan : text, settings, found =>
        {
            var consumed = TokenCut.AtMost(found, settings.MaxTokenCount, length, out var count);
            var encoded = EncodedTokens.OfText(found);
            if (Parts.PostProcessor is { } processor)
                encoded = EncodedTokens.Join(processor.Process([encoded], addSpecialTokens: false, Spell));
            var tokens = new EncodedToken[count];
            for (var i = 0; i < count; i++)
                tokens[i] = new EncodedToken(encoded.Ids[i], Spell(encoded, i), encoded.Spans[i].ToRange());
            return new EncodeResults<EncodedToken> { Tokens = tokens, CharsConsumed = consumed };
        });
    }

    /// <inheritdoc/>
    protected override int GetIndexByTokenCount(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings, bool fromEnd, out string? normalizedText, out int tokenCount)
    {
        normalizedText = null;
        var length = text?.Length ?? textSpan.Length;
        var most = Require.AtLeast(settings.MaxTokenCount, 1);
        if (fromEnd)
            settings.MaxTokenCount = int.MaxValue;
        var (index, count) = WithTokens(text is null ? textSpan : text, settings, tokens =>
            fromEnd ? (TokenCut.FromEnd(tokens, most, length, out var last), last) : (TokenCut.AtMost(tokens, most, length, out var first), first));
        tokenCount = count;
        return index;
    }

    private T WithTokens<T>(ReadOnlySpan<char> text, EncodeSettings settings, Func<TokenBuffer, T> use)
    {
        Require.AtLeast(settings.MaxTokenCount, 1);
        var buffer = TakeBuffer();
        try
        {
            // One more than the limit tells whether the last character is whole.
            _splitting.Run(text, null, settings.ConsiderNormalization, settings.ConsiderPreTokenization, buffer, settings.MaxTokenCount == int.MaxValue ? int.MaxValue : settings.MaxTokenCount + 1);
            return use(buffer);
        }
        finally
        {
            s_buffer = buffer.IsSmall ? buffer : null;
        }
    }

    private EncodedTokens EncodeUnpadded(EncodingInput input, EncodingOptions options)
    {
        var first = EncodeText(input.First ?? throw new ArgumentException("An input must have a text.", nameof(input)), input.IsWords, typeId: 0);
        var second = input.Second is null ? null : EncodeText(input.Second, input.IsWords, typeId: 1);
        if (options.Truncation is { } truncation)
        {
            var room = truncation.MaximumLength;
            if (options.AddSpecialTokens && Parts.PostProcessor?.AddedTokens(second is not null) is { } added and > 0)
                room = room < added ? int.MaxValue : room - added;
            (first, second) = PairTruncation.Apply(first, second, truncation, room);
        }
        return PostProcess(first, second, options.AddSpecialTokens);
    }

    private EncodedTokens EncodeText(string[] parts, bool words, int typeId)
    {
        var buffer = TakeBuffer();
        try
        {
            for (var i = 0; i < parts.Length; i++)
                _splitting.Run(parts[i] ?? throw new ArgumentException($"Word {i} is null; a word must be a text.", nameof(parts)), words ? i : null, normalize: true, split: true, buffer);
            var tokens = EncodedTokens.OfText(buffer);
            if (typeId != 0)
                tokens.SetTypeIds(typeId);
            return tokens;
        }
        finally
        {
            s_buffer = buffer.IsSmall ? buffer : null;
        }
    }

    private EncodedTokens PostProcess(EncodedTokens first, EncodedTokens? second, bool addSpecialTokens)
    {
        List<EncodedTokens> texts = second is null ? [first] : [first, second];
        if (Parts.PostProcessor is null)
        {
            if (second is not null)
            {
                first.SetSequence(0);
                second.SetSequence(1);
            }
            return EncodedTokens.Join(texts);
        }
        for (var i = 0; i < texts.Count; i++)
        {
            var sequence = i;
            texts[i].ForEach(text => text.SetSequence(sequence));
        }
        return EncodedTokens.Join(Parts.PostProcessor.Process(texts, addSpecialTokens, Spell));
    }

    private static TokenBuffer TakeBuffer()
    {
        var buffer = s_buffer ?? new TokenBuffer();
        s_buffer = null;
        buffer.Clear();
        return buffer;
    }

    private string Spell(int id) => TokenOf(id) ?? _postProcessorTokens.GetValueOrDefault(id, "");

    private string Spell(EncodedTokens tokens, int token) => tokens.Spellings?.GetValueOrDefault(token) ?? Spell(tokens.Ids[token]);

    // The configuration, with what it doesn't say of this tokenizer. A token that isn't found in texts would be after loading, if it were named.
    private TokenizerConfig DescribeTokens()
    {
        ConfiguredToken? Named(int? id) => id is { } value && _addedById.TryGetValue(value, out var token) && token.Special ? new ConfiguredToken(token.Content) : null;
        var config = Config ?? new TokenizerConfig { CleanUpTokenizationSpaces = false };
        return config with
        {
            TokenizerClass = config.TokenizerClass ?? TokenizerConfig.GenericClass,
            EosToken = config.EosToken ?? Named(EndOfText),
            PadToken = config.PadToken ?? Named(Padding),
            UnkToken = config.UnkToken ?? Named(Unknown),
        };
    }

    private int? Configured(ConfiguredToken? token) => token is null ? null : IdOf(token.Content);

    private int? WellKnown(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (_addedByContent.TryGetValue(name, out var token) && token.Special)
                return token.Id;
        }
        return null;
    }
}
