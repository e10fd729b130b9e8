using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>A model that reads one text as a whole and writes another from left to right.</summary>
public abstract class EncoderDecoderModel : BackboneModel
{
    /// <summary>For the families.</summary>
    protected EncoderDecoderModel(string name) : base(name)
    {
    }

    /// <inheritdoc/>
    public override ModelHead Head => ModelHead.SequenceToSequence;

    /// <summary>The token that the written text begins with, before its first one.</summary>
    public abstract int DecoderStart { get; }

    /// <summary>How many tokens can be written: those of <see cref="ModelConfig.VocabularySize"/>, but where source and target have vocabularies of their own.</summary>
    public virtual int TargetVocabularySize => Config.VocabularySize;

    /// <summary>Reads the source.</summary>
    /// <param name="tokens">[batch, source] int64, ids below the vocabulary size.</param>
    /// <param name="mask">[batch, source] bool, false for padding on either side; null when nothing is padded.</param>
    /// <param name="hiddenStates">Receives the input of the first encoder layer and the output of every layer; null: nobody wants them.</param>
    /// <returns>[batch, virtual tokens + source, width].</returns>
    /// <exception cref="ArgumentException">Shapes or types do not fit; the message says how.</exception>
    public Tensor Encode(Tensor tokens, Tensor? mask = null, ICollection<Tensor>? hiddenStates = null)
    {
        if (Prompt is null) return EncodeTokens(tokens, mask, hiddenStates);
        if (Prompt.Embeddings is null) throw new NotSupportedException($"Prefix tuning is not offered for '{Config.Family}'. Take LoRA or prompt tuning.");
        return EncodeTokens(Prompt.Before(Require.NotNull(tokens)), Prompt.Mask(mask), hiddenStates);
    }

    /// <summary>Reads what was written so far.</summary>
    /// <param name="tokens">[batch, target] int64: the decoder's input, which begins with <see cref="DecoderStart"/>.</param>
    /// <param name="memory">[batch, source, width], from <see cref="Encode"/>. With a cache its numbers are looked at in the first call only, but its rows must be those of the cache, in their order.</param>
    /// <param name="memoryMask">[batch, source] bool, the mask that <see cref="Encode"/> was given; null when nothing is padded.</param>
    /// <param name="cache">What the decoder keeps of earlier positions and of the memory, from <see cref="CreateCache"/>; null: the tokens are all there is.</param>
    /// <param name="mask">[batch, cached + target] bool, false for padding of the target; null when nothing is padded.</param>
    /// <param name="hiddenStates">Receives the input of the first decoder layer and the output of every layer; null: nobody wants them.</param>
    /// <returns>[batch, target, width].</returns>
    /// <exception cref="ArgumentException">Shapes or types do not fit; the message says how.</exception>
    public Tensor Decode(Tensor tokens, Tensor memory, Tensor? memoryMask = null, DecoderCache? cache = null, Tensor? mask = null, ICollection<Tensor>? hiddenStates = null) =>
        DecodeTokens(tokens, memory, Prompt is null ? memoryMask : Prompt.Mask(memoryMask), cache, mask, hiddenStates);

    /// <summary>What a family computes: <see cref="Encode"/>, without regard to virtual tokens.</summary>
    /// <inheritdoc cref="Encode"/>
    protected abstract Tensor EncodeTokens(Tensor tokens, Tensor? mask, ICollection<Tensor>? hiddenStates);

    /// <summary>What a family computes: <see cref="Decode"/>, with a mask of the memory that counts virtual tokens.</summary>
    /// <inheritdoc cref="Decode"/>
    protected abstract Tensor DecodeTokens(Tensor tokens, Tensor memory, Tensor? memoryMask, DecoderCache? cache, Tensor? mask, ICollection<Tensor>? hiddenStates);

    private protected override Tensor ReadWithPrompt(Tensor tokens, Tensor? mask, Tensor? segments) =>
        throw new NotSupportedException($"Texts are classified by the decoder of '{Config.Family}', and virtual tokens stand before the encoder's text only. Take LoRA.");

    /// <summary>Scores for the token that follows each position of the target.</summary>
    /// <param name="hidden">[.., width], from <see cref="Decode"/>.</param>
    /// <returns>[.., <see cref="TargetVocabularySize"/>].</returns>
    public abstract Tensor Logits(Tensor hidden);

    /// <summary>A cache for inference with this model, on its device.</summary>
    /// <param name="batch">Rows.</param>
    /// <param name="capacity">Positions of the target.</param>
    public abstract DecoderCache CreateCache(long batch, long capacity);

    /// <summary>The decoder's input for given targets: each place sees the tokens before it (teacher forcing).</summary>
    /// <param name="targets">[batch, target] int64; -100 where there is none, which becomes padding.</param>
    /// <returns>[batch, target] int64: <see cref="DecoderStart"/>, then the targets but the last.</returns>
    public virtual Tensor ShiftRight(Tensor targets)
    {
        Require.NotNull(targets);
        int padding = Config.Padding ?? throw new InvalidOperationException($"Shifting targets needs a padding id; the configuration of this {Config.Family} has none. Set Padding.");
        return TargetShift.FromStart(targets, DecoderStart, padding);
    }

    /// <inheritdoc/>
    /// <remarks>The text is read twice, as the published classifiers do: by the encoder, and, shifted right, by the decoder, whose hidden states are given.</remarks>
    public override Tensor ReadTexts(Tensor tokens, Tensor? mask = null, Tensor? segments = null, ICollection<Tensor>? hiddenStates = null)
    {
        Require.Argument(segments is null, $"{Config.Family} does not tell the segments of a text apart; received segments. Leave them out.", nameof(segments));
        return Decode(ShiftRight(tokens), Encode(tokens, mask), mask, hiddenStates: hiddenStates);
    }
}
