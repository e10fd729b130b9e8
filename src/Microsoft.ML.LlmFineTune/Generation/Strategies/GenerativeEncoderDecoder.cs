using Microsoft.ML.LlmFineTune.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Generation.Strategies;

/// <summary>An encoder-decoder: prompts are what the encoder reads, texts begin with the decoder's start token.</summary>
/// <remarks>Of a prompt that is longer than the model's positions, tokens before the last one, which ends it, are left out.</remarks>
internal sealed class GenerativeEncoderDecoder(EncoderDecoderModel model) : IGenerativeModel
{
    public BackboneModel Model => model;

    public int Positions => model.Config.MaximumLength;

    public DecodingPrompt Begin(int index, IReadOnlyList<int> tokens, GenerationOptions options)
    {
        int dropped = Math.Max(0, tokens.Count - Positions);
        return new DecodingPrompt
        {
            Index = index, Given = tokens, Tokens = [options.DecoderStartToken ?? model.DecoderStart], Dropped = dropped, Source = [.. tokens.Take(tokens.Count - 1 - dropped), tokens[^1]],
            Limit = PromptLimits.NewTokens(index, 1, options),
        };
    }

    public DecodingBatch Open(IReadOnlyList<DecodingPrompt> prompts, long capacity, bool useCache) => new EncodedBatch(model, Positions, prompts, capacity, useCache);

    /// <summary>Rows whose sources have been read once; what the encoder said of them is kept beside the cache.</summary>
    private sealed class EncodedBatch : DecodingBatch
    {
        private readonly EncoderDecoderModel _model;
        private Tensor _memory;       // [rows, source, width]
        private Tensor? _memoryMask;  // [rows, source]

        public EncodedBatch(EncoderDecoderModel model, int positions, IReadOnlyList<DecodingPrompt> prompts, long capacity, bool useCache)
            : base(model.CreateCache(prompts.Count, Math.Min(capacity, positions)), positions, useCache, model.Device)
        {
            _model = model;
            int rows = prompts.Count, columns = prompts.Max(prompt => prompt.Source.Length);
            long[] tokens = new long[rows * columns];
            bool[] mask = new bool[rows * columns];
            for (int i = 0; i < rows; i++)
            {
                int[] source = prompts[i].Source;
                // Where padding stands any token will do, but for models that tell padding by its id.
                tokens.AsSpan(i * columns, columns).Fill(model.Config.Padding ?? 0);
                for (int column = 0; column < source.Length; column++) tokens[(i * columns) + column] = source[column];
                mask.AsSpan(i * columns, source.Length).Fill(true);
            }
            using IDisposable withoutGradients = no_grad();
            using IDisposable scope = NewDisposeScope();
            _memoryMask = mask.Contains(false) ? tensor(mask, [rows, columns], device: model.Device).DetachFromDisposeScope() : null;
            _memory = model.Encode(tensor(tokens, [rows, columns], device: model.Device), _memoryMask).DetachFromDisposeScope();
        }

        public override void Dispose()
        {
            base.Dispose();
            _memory.Dispose();
            _memoryMask?.Dispose();
        }

        protected override Tensor Forward(Tensor tokens, Tensor? mask) => _model.Decode(tokens, _memory, _memoryMask, Cache, mask);

        protected override Tensor Logits(Tensor hidden) => _model.Logits(hidden);

        protected override void KeepRows(IReadOnlyList<int> rows)
        {
            base.KeepRows(rows);
            using IDisposable scope = NewDisposeScope();
            Tensor index = tensor(rows.Select(row => (long)row).ToArray(), device: _model.Device);
            _memory = Kept(_memory, index);
            if (_memoryMask is not null) _memoryMask = Kept(_memoryMask, index);
        }

        private static Tensor Kept(Tensor all, Tensor index)
        {
            Tensor kept = all.index_select(0, index).DetachFromDisposeScope();
            all.Dispose();
            return kept;
        }
    }
}
