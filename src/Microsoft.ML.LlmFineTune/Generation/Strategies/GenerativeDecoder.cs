using Microsoft.ML.LlmFineTune.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Generation.Strategies;

/// <summary>A decoder: prompts are its own tokens.</summary>
/// <remarks>
/// Where prompt and new tokens together exceed the model's positions, first tokens of the prompt are dropped until they fit, but half of the positions stay the prompt's.
/// </remarks>
internal sealed class GenerativeDecoder(DecoderModel model) : IGenerativeModel
{
    public BackboneModel Model => model;

    public int Positions => model.GenerationLength;

    public DecodingPrompt Begin(int index, IReadOnlyList<int> tokens, GenerationOptions options)
    {
        // The last new token is never read, so it needs no position.
        int room = (int)Math.Max((long)Positions - options.MaxNewTokens + 1, Positions - (Positions / 2));
        int dropped = Math.Max(0, tokens.Count - room);
        int[] read = [.. tokens.Skip(dropped)];
        return new DecodingPrompt { Index = index, Given = tokens, Tokens = read, Dropped = dropped, Source = read, Limit = PromptLimits.NewTokens(index, tokens.Count, options) };
    }

    public DecodingBatch Open(IReadOnlyList<DecodingPrompt> prompts, long capacity, bool useCache) => new DecoderBatch(model, Positions, prompts.Count, capacity, useCache);

    private sealed class DecoderBatch(DecoderModel model, int positions, int rows, long capacity, bool useCache)
        : DecodingBatch(model.CreateCache(rows, Math.Min(capacity, positions)), positions, useCache, model.Device, model.Config.RereadLength)
    {
        protected override Tensor Forward(Tensor tokens, Tensor? mask) => model.Forward(tokens, mask, Cache);

        protected override Tensor Logits(Tensor hidden) => model.Logits(hidden);
    }
}
