using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>Continues texts with a language model.</summary>
/// <remarks>
/// Where prompt and new tokens together exceed the model's positions, first tokens of the prompt are dropped until they fit (counted in the result), but half of the
/// positions stay the prompt's; when the positions run out all the same, the older half of the context is forgotten. An empty prompt stands for the token that
/// begins a text, or else ends one. One generator may serve several threads at a time.
/// </remarks>
public sealed class TextGenerator
{
    private readonly DecoderModel _model;
    private readonly TokenizerAdapter _tokenizer;

    /// <summary>Puts a model and its tokenizer together.</summary>
    /// <param name="model">The model; it reads in evaluation mode.</param>
    /// <param name="tokenizer">The tokenizer that the model was trained with.</param>
    /// <exception cref="ArgumentException">The tokenizer has tokens that the model does not know.</exception>
    public TextGenerator(DecoderModel model, TokenizerAdapter tokenizer)
    {
        _model = Require.NotNull(model);
        _tokenizer = Require.NotNull(tokenizer);
        Require.Argument(tokenizer.VocabularySize <= model.Config.VocabularySize,
            $"The model must know every token of the tokenizer; it knows {model.Config.VocabularySize}, the tokenizer has {tokenizer.VocabularySize}. Take the tokenizer that the model was trained with.", nameof(tokenizer));
    }

    /// <summary>Continues one text.</summary>
    /// <param name="prompt">The text; may be empty.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="cancellation">Stops between two tokens.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public GeneratedText Generate(string prompt, GenerationOptions? options = null, CancellationToken cancellation = default) =>
        Generate([prompt], options, cancellation)[0];

    /// <summary>Continues texts as one batch.</summary>
    /// <param name="prompts">The texts; any of them may be empty.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="cancellation">Stops between two tokens.</param>
    /// <returns>One continuation a prompt, in the order of the prompts.</returns>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyList<GeneratedText> Generate(IReadOnlyList<string> prompts, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        Require.NotNull(prompts);
        if (prompts.Count == 0) return [];
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
    /// <param name="options">Null: the defaults.</param>
    /// <param name="cancellation">Stops between two tokens.</param>
    /// <returns>Pieces, none of them empty; together they are the text of <see cref="Generate(string, GenerationOptions?, CancellationToken)"/>. Generation runs while they are enumerated.</returns>
    /// <exception cref="ArgumentException">An option is out of its range (thrown by the first piece).</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IEnumerable<string> Stream(string prompt, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        using TextSession session = new(this, [prompt], options ?? new GenerationOptions());
        int shown = 0;
        while (session.IsRunning)
        {
            cancellation.ThrowIfCancellationRequested();
            session.Step();
            string text = session.CertainText(0);
            if (text.Length <= shown) continue;
            yield return text[shown..];
            shown = text.Length;
        }
    }

    private IReadOnlyList<int> Encode(string prompt)
    {
        Require.NotNull(prompt);
        int[] tokens = _tokenizer.Encode(prompt);
        if (tokens.Length > 0) return tokens;
        int? first = _model.Config.BeginOfText ?? _tokenizer.EndOfText ?? (_model.Config.EndOfText.Count > 0 ? _model.Config.EndOfText[0] : null);
        return [first ?? throw new ArgumentException("An empty prompt needs a token that begins or ends texts; neither the model nor the tokenizer has one. Give a prompt.", nameof(prompt))];
    }

    /// <summary>The rows of a batch with their texts.</summary>
    private sealed class TextSession : IDisposable
    {
        private readonly DecodingSession _decoding;
        private readonly TextStream[] _streams;
        private readonly StopStrings _stops;

        public TextSession(TextGenerator generator, IReadOnlyList<string> prompts, GenerationOptions options)
        {
            options.Validate();
            _stops = new StopStrings(options.StopStrings);
            _streams = [.. prompts.Select(_ => new TextStream(generator._tokenizer))];
            _decoding = new DecodingSession(generator._model, generator._tokenizer.VocabularySize, [.. prompts.Select(generator.Encode)], options);
        }

        public bool IsRunning => _decoding.IsRunning;

        public void Step()
        {
            bool[] grew = [.. _decoding.Rows.Select(row => row.Reason is null)];
            _decoding.Step();
            for (int i = 0; i < grew.Length; i++)
            {
                if (!grew[i]) continue;
                DecodingRow row = _decoding.Rows[i];
                if (row.Reason is not FinishReason.EndToken) _streams[i].Add(row.NewTokens[^1]);
                if (row.Reason is not null) _streams[i].Complete();
                if (_stops.FirstIn(_streams[i].Text) >= 0) row.Finish(FinishReason.StopString);
            }
        }

        /// <summary>The text of a row without a stop string, and while the row grows without an end that may become one.</summary>
        public string CertainText(int row)
        {
            string text = _streams[row].Text;
            if (_decoding.Rows[row].Reason is null) return text[.._stops.SafeLength(text)];
            int stop = _stops.FirstIn(text);
            return stop < 0 ? text : text[..stop];
        }

        public IReadOnlyList<GeneratedText> Results() =>
            [.. _decoding.Rows.Select((row, i) => new GeneratedText(CertainText(i), row.Result.Tokens, row.Result.Reason, row.PromptTokensDropped))];

        public void Dispose() => _decoding.Dispose();
    }
}
