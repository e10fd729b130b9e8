using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>A model that reads a text as a whole: every token sees every other.</summary>
public abstract class EncoderModel : BackboneModel
{
    /// <summary>For the families.</summary>
    protected EncoderModel(string name) : base(name)
    {
    }

    /// <inheritdoc/>
    public override ModelHead Head => ModelHead.None;

    /// <inheritdoc/>
    public sealed override Tensor ReadTexts(Tensor tokens, Tensor? mask = null, Tensor? segments = null, ICollection<Tensor>? hiddenStates = null)
    {
        if (Prompt is null) return ReadTokens(tokens, mask, segments, hiddenStates);
        Tensor hidden = ReadWithPrompt(tokens, mask, segments, hiddenStates);
        return hidden.narrow(1, hidden.size(1) - tokens.size(1), tokens.size(1));
    }

    /// <summary>What a family computes: <see cref="ReadTexts"/>, without regard to virtual tokens.</summary>
    /// <inheritdoc cref="ReadTexts"/>
    protected abstract Tensor ReadTokens(Tensor tokens, Tensor? mask, Tensor? segments, ICollection<Tensor>? hiddenStates);

    /// <summary>Reads tokens behind the keys and values of virtual ones.</summary>
    /// <param name="first">The virtual tokens.</param>
    /// <param name="tokens">[batch, sequence] int64.</param>
    /// <param name="mask">[batch, virtual tokens + sequence] bool; null when nothing is padded.</param>
    /// <param name="segments">[batch, sequence] int64; null for none.</param>
    /// <param name="hiddenStates">As in <see cref="ReadTexts"/>.</param>
    private protected virtual Tensor ReadBehind(VirtualKeys first, Tensor tokens, Tensor? mask, Tensor? segments, ICollection<Tensor>? hiddenStates) =>
        throw new NotSupportedException($"Prefix tuning is not offered for '{Config.Family}'. Take LoRA or prompt tuning.");

    private protected override Tensor ReadWithPrompt(Tensor tokens, Tensor? mask, Tensor? segments) => ReadWithPrompt(tokens, mask, segments, null);

    /// <summary>[batch, virtual tokens (where they are embeddings) + sequence, width].</summary>
    private Tensor ReadWithPrompt(Tensor tokens, Tensor? mask, Tensor? segments, ICollection<Tensor>? hiddenStates)
    {
        Require.NotNull(tokens);
        Tensor? whole = Prompt!.Mask(mask);
        return Prompt.KeysAndValues is Tensor rows
            ? ReadBehind(new VirtualKeys(rows, tokens.size(0)), tokens, whole, segments, hiddenStates)
            : ReadTokens(Prompt.Before(tokens), whole, segments is null ? null : Prompt.Filled(segments, 0), hiddenStates);
    }
}
