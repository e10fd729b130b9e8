using Microsoft.ML.LlmFineTune.Generation.Strategies;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>Continues texts with a decoder, or writes other texts from them with an encoder-decoder.</summary>
/// <remarks>
/// Where prompt and new tokens together exceed the model's positions, first tokens of the prompt are dropped until they fit (counted in the result), but half of the
/// positions stay the prompt's; when the positions run out all the same, the older half of the context is forgotten. Prompts get the special tokens that the tokenizer
/// puts around a text (<see cref="GenerationOptions.AddSpecialTokens"/>); a prompt that is empty all the same stands for the token that begins a text, or else ends one.
/// One generator may serve several threads at a time.
/// </remarks>
public sealed class TextGenerator
{
    private readonly IGenerativeModel _model;
    private readonly TokenizerAdapter _tokenizer;

    /// <summary>Puts a model and its tokenizer together.</summary>
    /// <param name="model">The model; it reads in evaluation mode.</param>
    /// <param name="tokenizer">The tokenizer that the model was trained with.</param>
    /// <exception cref="ArgumentException">The tokenizer has tokens that the model does not know.</exception>
    public TextGenerator(DecoderModel model, TokenizerAdapter tokenizer) : this((BackboneModel)model, tokenizer)
    {
    }

    /// <summary>Puts an encoder-decoder and its tokenizer together. Special tokens that the model writes are left out.</summary>
    /// <param name="model">The model; it reads in evaluation mode.</param>
    /// <param name="tokenizer">The tokenizer that the model was trained with.</param>
    /// <exception cref="ArgumentException">The tokenizer has tokens that the model does not know.</exception>
    public TextGenerator(EncoderDecoderModel model, TokenizerAdapter tokenizer) : this((BackboneModel)model, tokenizer)
    {
    }

    private TextGenerator(BackboneModel model, TokenizerAdapter tokenizer)
    {
        _model = IGenerativeModel.Of(Require.NotNull(model));
        _tokenizer = Require.NotNull(tokenizer);
        Require.Argument(tokenizer.VocabularySize <= model.Config.VocabularySize,
            $"The model must know every token of the tokenizer; it knows {model.Config.VocabularySize}, the tokenizer has {tokenizer.VocabularySize}. Take the tokenizer that the model was trained with.", nameof(tokenizer));
    }

    /// <summary>A smaller model, trained with the same tokenizer, that proposes the next tokens, so that texts come faster (speculative decoding); default null: none. It is of the model's kind, and reads in evaluation mode.</summary>
    public BackboneModel? Draft { get; init; }

    /// <summary>Continues one text.</summary>
    /// <param name="prompt">The text; may be empty.</param>
    /// <param name="options">Null: the defaults. <see cref="GenerationOptions.ReturnSequences"/> is 1.</param>
    /// <param name="cancellation">Stops between two tokens.</param>
    /// <exception cref="ArgumentException">An option is out of its range or contradicts another, or several texts are asked for.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public GeneratedText Generate(string prompt, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        RequireOneText(options);
        return Generate([prompt], options, cancellation)[0];
    }

    /// <summary>Continues texts as one batch.</summary>
    /// <param name="prompts">The texts; any of them may be empty.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="cancellation">Stops between two tokens.</param>
    /// <returns><see cref="GenerationOptions.ReturnSequences"/> continuations a prompt, in the order of the prompts; with beams the best of a prompt first.</returns>
    /// <exception cref="ArgumentException">An option is out of its range or contradicts another, or a prompt is null.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyList<GeneratedText> Generate(IReadOnlyList<string> prompts, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        Require.NotNull(prompts);
        if (prompts.Count == 0) return [];
        for (int i = 0; i < prompts.Count; i++) Require.Argument(prompts[i] is not null, $"A prompt must be a text, the empty one where there is none; prompt {i} (counted from 0) is null.", nameof(prompts));
        using TextSession session = new(this, prompts, options ?? new GenerationOptions());
        while (session.IsRunning)
        {
            cancellation.ThrowIfCancellationRequested();
            session.Step();
        }
        return session.Results();
    }

    /// <summary>Continues one text and gives the new text piece by piece, as soon as it is certain.</summary>
    /// <param name="prompt">The text; may be empty.</param>
    /// <param name="options">Null: the defaults. Beams cannot be given piece by piece: which of them is the text is certain at the end only.</param>
    /// <param name="cancellation">Stops between two tokens.</param>
    /// <returns>Pieces, none of them empty; together they are the text of <see cref="Generate(string, GenerationOptions?, CancellationToken)"/>. Generation runs while they are enumerated.</returns>
    /// <exception cref="ArgumentException">An option is out of its range or contradicts another, or there are beams or several texts (thrown by the first piece).</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IEnumerable<string> Stream(string prompt, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new GenerationOptions();
        RequireOneText(options);
        Require.Argument(options.Beams == 1, $"A text is given piece by piece while it grows; which of {options.Beams} beams becomes the text is known at the end only. Take one beam, or {nameof(Generate)}.", nameof(options));
        using TextSession session = new(this, [prompt], options);
        int shown = 0;
        while (session.IsRunning)
        {
            cancellation.ThrowIfCancellationRequested();
            session.Step();
            string text = session.CertainText(session.Rows[0]);
            if (text.Length <= shown) continue;
            yield return text[shown..];
            shown = text.Length;
        }
    }

    private static void RequireOneText(GenerationOptions? options) =>
        Require.Argument(options is null or { ReturnSequences: 1 }, $"One text is given; ReturnSequences asks for {options?.ReturnSequences}. Give the prompt in a list to get them all.", nameof(options));

    /// <summary>Whether prompts are whole texts that an encoder reads.</summary>
    private bool IsSource => _model is GenerativeEncoderDecoder;

    /// <summary>A prompt with its special tokens. What the tokenizer's file says of truncation and padding is not for prompts, as in Hugging Face; tokenizers that are not ours do not tell their special tokens, but a source always ends.</summary>
    private int[] EncodeWithSpecialTokens(string prompt) => _tokenizer.Tokenizer is TokenizerModel own ? [.. own.Encode(prompt, new EncodingOptions()).Ids]
        : IsSource && _tokenizer.EndOfText is int end ? [.. _tokenizer.Encode(prompt), end]
        : _tokenizer.Encode(prompt);

    private TextStream NewText() =>
        new(IsSource && _tokenizer.Tokenizer is TokenizerModel own ? own.CreateStreamingDecoder(skipSpecialTokens: true) : _tokenizer.CreateStreamingDecoder());

    private IReadOnlyList<int> Encode(string prompt, bool addSpecialTokens)
    {
        Require.NotNull(prompt);
        int[] tokens = addSpecialTokens ? EncodeWithSpecialTokens(prompt) : _tokenizer.Encode(prompt);
        if (tokens.Length > 0) return tokens;
        ModelConfig config = _model.Model.Config;
        int? first = config.BeginOfText ?? _tokenizer.EndOfText ?? (config.EndOfText.Count > 0 ? config.EndOfText[0] : null);
        return [first ?? throw new ArgumentException("An empty prompt needs a token that begins or ends texts; neither the model nor the tokenizer has one. Give a prompt.", nameof(prompt))];
    }

    /// <summary>The rows of a batch with their texts.</summary>
    private sealed class TextSession : IDisposable
    {
        private readonly TextGenerator _generator;
        private readonly StopStrings _stops;
        private readonly bool _hasBeams;
        private readonly Dictionary<int, TextStream> _texts = [];
        private readonly DecodingSession _decoding;

        public TextSession(TextGenerator generator, IReadOnlyList<string> prompts, GenerationOptions options)
        {
            options.Validate();
            _generator = generator;
            _stops = new StopStrings(options.StopStrings);
            _hasBeams = options.Beams > 1;
            _decoding = new DecodingSession(generator._model, generator.Draft is null ? null : IGenerativeModel.Of(generator.Draft), generator._tokenizer.VocabularySize,
                [.. prompts.Select(prompt => generator.Encode(prompt, options.AddSpecialTokens))], options, _hasBeams ? StopsBeam : StopsText);
        }

        public bool IsRunning => _decoding.IsRunning;

        public IReadOnlyList<DecodingRow> Rows => _decoding.Rows;

        public void Step()
        {
            _decoding.Step();
            if (_hasBeams) return;
            foreach (DecodingRow row in Rows)
            {
                if (row.Reason is null || !TextOf(row).Complete()) continue;
                if (_stops.FirstIn(TextOf(row).Text) >= 0) row.Finish(FinishReason.StopString);
            }
        }

        /// <summary>The text of a row without a stop string, and while the row grows without an end that may become one.</summary>
        public string CertainText(DecodingRow row)
        {
            string text = TextOf(row).Text;
            if (row.Reason is null) return text[.._stops.SafeLength(text)];
            int stop = _stops.FirstIn(text);
            return stop < 0 ? text : text[..stop];
        }

        public IReadOnlyList<GeneratedText> Results() => [.. Rows.Select(row =>
        {
            if (_hasBeams) Read(row);
            GeneratedTokens tokens = row.Result;
            return new GeneratedText(CertainText(row), tokens.Tokens, tokens.Reason, tokens.PromptTokensDropped, tokens.Score);
        })];

        public void Dispose() => _decoding.Dispose();

        /// <summary>Takes up a text's last token.</summary>
        private bool StopsText(DecodingRow row)
        {
            TextStream text = TextOf(row);
            text.Add(row.NewTokens[^1]);
            return _stops.FirstIn(text.Text) >= 0;
        }

        /// <summary>Beams come and go: each is read from its beginning.</summary>
        private bool StopsBeam(DecodingRow row) =>
            !_stops.IsEmpty && _stops.EndsInLastToken(TextOf(row.NewTokens[..^1]), TextOf(row.NewTokens));

        private void Read(DecodingRow row)
        {
            TextStream text = _texts[row.Index] = _generator.NewText();
            foreach (int token in row.Reason is FinishReason.EndToken ? row.NewTokens[..^1] : row.NewTokens) text.Add(token);
            text.Complete();
        }

        private string TextOf(ReadOnlySpan<int> tokens)
        {
            TextStream text = _generator.NewText();
            foreach (int token in tokens) text.Add(token);
            text.Complete();
            return text.Text;
        }

        private TextStream TextOf(DecodingRow row)
        {
            if (!_texts.TryGetValue(row.Index, out TextStream? text)) _texts[row.Index] = text = _generator.NewText();
            return text;
        }
    }
}
