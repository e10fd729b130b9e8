using System.Diagnostics;
using Microsoft.ML.LlmFineTune.Generation.Processors;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Generation.Strategies;

/// <summary>What every strategy works with: the model, the prompts, and the rules by which a text goes on and ends.</summary>
internal sealed class DecodingPlan
{
    private readonly Func<DecodingRow, bool>? _stops;
    private readonly Stopwatch _watch = Stopwatch.StartNew();

    /// <param name="model">The model.</param>
    /// <param name="vocabulary">Only tokens below this are chosen: a model may have more than its tokenizer.</param>
    /// <param name="prompts">At least one, of at least one token each.</param>
    /// <param name="options">Stop strings are not looked at.</param>
    /// <param name="stops">Whether a row's last token, no end token, ends it all the same; null: never. It is asked once for each token, in their order.</param>
    public DecodingPlan(IGenerativeModel model, int vocabulary, IReadOnlyList<IReadOnlyList<int>> prompts, GenerationOptions options, Func<DecodingRow, bool>? stops)
    {
        (Model, Vocabulary, Options, _stops) = (model, vocabulary, options, stops);
        EndTokens = [.. options.EndTokens ?? model.Model.Config.EndOfText];
        RequireKnown(EndTokens, "The end tokens have");
        foreach ((string name, IEnumerable<int> tokens) in NamedTokens(options)) RequireKnown([.. tokens], $"{name} has");
        Pipeline = new LogitsPipeline(options, EndTokens);
        Prompts = [.. prompts.Select((prompt, i) =>
        {
            Require.Argument(prompt.Count > 0, $"Every prompt must have at least one token; prompt {i} is empty.", nameof(prompts));
            RequireKnown(prompt, $"Prompt {i} has");
            return model.Begin(i, prompt, options);
        })];
    }

    /// <summary>The model.</summary>
    public IGenerativeModel Model { get; }

    /// <summary>Only tokens below this are chosen.</summary>
    public int Vocabulary { get; }

    /// <summary>The options.</summary>
    public GenerationOptions Options { get; }

    /// <summary>The tokens that end a text.</summary>
    public int[] EndTokens { get; }

    /// <summary>The steps of the scores.</summary>
    public LogitsPipeline Pipeline { get; }

    /// <summary>The prompts.</summary>
    public IReadOnlyList<DecodingPrompt> Prompts { get; }

    /// <summary>Puts prompts in front of the model.</summary>
    /// <param name="prompts">Some of the prompts.</param>
    /// <param name="extra">Tokens that are read beside the texts.</param>
    public DecodingBatch Open(IReadOnlyList<DecodingPrompt> prompts, int extra = 0) => Open(Model, prompts, extra);

    /// <summary>Puts prompts in front of another model than the plan's.</summary>
    public DecodingBatch Open(IGenerativeModel model, IReadOnlyList<DecodingPrompt> prompts, int extra) =>
        model.Open(prompts, prompts.Max(prompt => (long)prompt.Tokens.Length + prompt.Limit) - 1 + extra, Options.UseCache);

    /// <summary>The draws of a text: a stream that depends on the seed and the prompt alone, so that a row's text does not depend on what stands beside it.</summary>
    /// <param name="prompt">Its prompt.</param>
    /// <param name="copy">Its number among the texts of the prompt.</param>
    public RandomStream RandomOf(DecodingPrompt prompt, int copy)
    {
        ulong key = new RandomStreams(Options.Seed).Sampling.Key;
        foreach (int token in prompt.Given) key = RandomStream.Derive(key, (ulong)token);
        return new RandomStream(copy == 0 ? key : RandomStream.Derive(key, (ulong)copy));
    }

    /// <summary>Ends a row if its last token does.</summary>
    public void FinishIfComplete(DecodingRow row)
    {
        FinishReason? reason = EndTokens.Contains(row.Tokens[^1]) ? FinishReason.EndToken
            : _stops?.Invoke(row) == true ? FinishReason.StopString
            : row.NewTokens.Length >= row.Prompt.Limit ? FinishReason.Length
            : _watch.Elapsed >= Options.MaxTime ? FinishReason.Time
            : null;
        if (reason is FinishReason found) row.Finish(found);
    }

    private static IEnumerable<(string Name, IEnumerable<int> Tokens)> NamedTokens(GenerationOptions options) =>
    [
        ("BadWords", options.BadWords.SelectMany(word => word)), ("SequenceBiases", options.SequenceBiases.SelectMany(bias => bias.Tokens)),
        ("SuppressTokens", options.SuppressTokens), ("BeginSuppressTokens", options.BeginSuppressTokens), ("ForcedEndTokens", options.ForcedEndTokens),
        ("ForcedBeginToken", options.ForcedBeginToken is int begin ? [begin] : []),
        ("DecoderStartToken", options.DecoderStartToken is int start ? [start] : []),
    ];

    private void RequireKnown(IReadOnlyList<int> tokens, string where)
    {
        foreach (int token in tokens)
        {
            Require.Argument(token >= 0 && token < Vocabulary, $"Tokens 0 to {Vocabulary - 1} are known. {where} {token}. Tokenizer and model do not belong together.");
        }
    }
}
