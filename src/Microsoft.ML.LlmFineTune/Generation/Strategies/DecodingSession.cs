using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Strategies;

/// <summary>Prompts that are continued together. What a text becomes does not depend on the others.</summary>
internal sealed class DecodingSession : IDisposable
{
    private readonly DecodingStrategy _strategy;
    private readonly BackboneModel[] _training;

    /// <param name="model">The model; it reads in evaluation mode.</param>
    /// <param name="draft">A model that proposes tokens; null for none.</param>
    /// <param name="vocabulary">Only tokens below this are chosen: a model may have more than its tokenizer.</param>
    /// <param name="prompts">At least one, of at least one token each.</param>
    /// <param name="options">Stop strings are not looked at.</param>
    /// <param name="stops">Whether a row's last token, no end token, ends it all the same; null: never. It is asked once for each token, in their order.</param>
    public DecodingSession(IGenerativeModel model, IGenerativeModel? draft, int vocabulary, IReadOnlyList<IReadOnlyList<int>> prompts, GenerationOptions options, Func<DecodingRow, bool>? stops = null)
    {
        options.Validate();
        if (draft is not null)
        {
            options.RequireOneTokenAfterTheOther("A draft model");
            Require.Argument(options.PromptLookupTokens == 0, $"Tokens are proposed by a draft model or from the text itself, not by both; PromptLookupTokens is {options.PromptLookupTokens}. Leave one of them out.", nameof(options));
            Require.Argument(draft.GetType() == model.GetType(), $"A draft model must be of the kind of the model that it writes for; a {draft.Model.Config.Family} was given to a {model.Model.Config.Family}.", nameof(draft));
            Require.Argument(draft.Model.Config.VocabularySize >= vocabulary, $"The draft model must know the {vocabulary} tokens that texts are made of; it knows {draft.Model.Config.VocabularySize}. Take one that was trained with the same tokenizer.", nameof(draft));
        }
        // Before the strategy: an encoder reads as soon as there is one.
        _training = [.. new[] { model.Model, draft?.Model }.OfType<BackboneModel>().Where(module => module.training)];
        foreach (BackboneModel module in _training) module.eval();
        try
        {
            _strategy = DecodingStrategy.Of(new DecodingPlan(model, vocabulary, prompts, options, stops), draft);
        }
        catch
        {
            RestoreModes();
            throw;
        }
    }

    /// <summary>The texts, those of a prompt side by side. With beams they are there when everything is done; the others grow with every step.</summary>
    public IReadOnlyList<DecodingRow> Rows => _strategy.Rows;

    /// <summary>Whether there is more to do.</summary>
    public bool IsRunning => _strategy.IsRunning;

    /// <summary>Makes every text that still grows longer.</summary>
    public void Step() => _strategy.Step();

    public void Dispose()
    {
        _strategy.Dispose();
        RestoreModes();
    }

    private void RestoreModes()
    {
        foreach (BackboneModel module in _training) module.train();
    }
}
