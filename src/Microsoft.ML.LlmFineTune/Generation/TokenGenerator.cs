using Microsoft.ML.LlmFineTune.Generation.Strategies;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation;

/// <summary>Continues sequences of tokens. <see cref="TextGenerator"/> does the same with texts.</summary>
public sealed class TokenGenerator
{
    private readonly IGenerativeModel _model;

    /// <summary>Continues prompts.</summary>
    /// <param name="model">The model; it reads in evaluation mode.</param>
    public TokenGenerator(DecoderModel model) => _model = IGenerativeModel.Of(Require.NotNull(model));

    /// <summary>Writes other texts from prompts, which the encoder reads as they are: they end with whatever token the model wants there.</summary>
    /// <param name="model">The model; it reads in evaluation mode.</param>
    public TokenGenerator(EncoderDecoderModel model) => _model = IGenerativeModel.Of(Require.NotNull(model));

    /// <summary>A smaller model that knows the same tokens and proposes the next ones, so that texts come faster (speculative decoding); default null: none. It is of the model's kind, and reads in evaluation mode.</summary>
    public BackboneModel? Draft { get; init; }

    /// <summary>Continues prompts as one batch.</summary>
    /// <param name="prompts">At least one token each, ids below the model's vocabulary size; an empty list gives an empty list.</param>
    /// <param name="options">Null: the defaults. Stop strings are texts: only <see cref="TextGenerator"/> knows them.</param>
    /// <param name="cancellation">Stops between two tokens.</param>
    /// <returns><see cref="GenerationOptions.ReturnSequences"/> continuations a prompt, in the order of the prompts; with beams the best of a prompt first.</returns>
    /// <exception cref="ArgumentException">A prompt is empty or has a token that the model does not know, an option is out of range or contradicts another, or there are stop strings.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyList<GeneratedTokens> Generate(IReadOnlyList<IReadOnlyList<int>> prompts, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        Require.NotNull(prompts);
        options ??= new GenerationOptions();
        options.Validate();
        Require.Argument(options.StopStrings.Count == 0, $"Stop strings need a tokenizer; received {options.StopStrings.Count} of them. Use {nameof(TextGenerator)}.", nameof(options));
        if (prompts.Count == 0) return [];
        using DecodingSession session = new(_model, Draft is null ? null : IGenerativeModel.Of(Draft), _model.Model.Config.VocabularySize, prompts, options);
        while (session.IsRunning)
        {
            cancellation.ThrowIfCancellationRequested();
            session.Step();
        }
        return [.. session.Rows.Select(row => row.Result)];
    }
}
