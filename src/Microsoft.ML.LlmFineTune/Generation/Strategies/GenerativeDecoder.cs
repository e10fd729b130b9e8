using Microsoft.ML.LlmFineTune.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Generation.Strategies;

/// <summary>A decoder: prompts are its own tokens.</summary>
/// <remarks>
/// Where prompt and new tokens together exceed the model's positions, first tokens of the prompt are dropped until they fit, but half of the positions stay the prompt's.
/// </remarks>
internal sealed class GenerativeDecoder(DecoderModel model) : IGenerativeModel
{
    public nn.Module Module => model;

    public int Vocabulary => model.Config.VocabularySize;

    public int Positions => model.Config.MaximumLength;

    public IReadOnlyList<int> EndTokens => model.Config.EndOfText;

    public DecodingPrompt Begin(int index, IReadOnlyList<int> tokens, int longest, GenerationOptions options)
    {
        // The last new token is never read, so it needs no position.
        int limit = (int)Math.Max((long)Positions - options.MaxNewTokens + 1, Positions - (Positions / 2));
        int dropped = Math.Max(0, tokens.Count - limit);
        int filling = options.PaddingToken is null ? 0 : longest - tokens.Count;
        int[] counted = [.. Enumerable.Repeat(options.PaddingToken ?? 0, filling), .. tokens.Skip(dropped)];
        return new DecodingPrompt
        {
            Index = index, Given = tokens, Tokens = counted, Filling = filling, Dropped = dropped, Source = counted, Limit = PromptLimits.NewTokens(index, tokens.Count + filling, options),
        };
    }

    public DecodingBatch Open(IReadOnlyList<DecodingPrompt> prompts, long capacity, bool useCache) => new DecoderBatch(model, prompts.Count, capacity, useCache);

    private sealed class DecoderBatch(DecoderModel model, int rows, long capacity, bool useCache)
        : DecodingBatch(model.CreateCache(rows, Math.Min(capacity, model.Config.MaximumLength)), model.Config.MaximumLength, useCache, model.Device)
    {
        protected override Tensor Forward(Tensor tokens, Tensor? mask) => model.Forward(tokens, mask, Cache);

        protected override Tensor Logits(Tensor hidden) => model.Logits(hidden);
    }
}
