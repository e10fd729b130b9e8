using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Heads;

/// <summary>A head that gives numbers for each text.</summary>
public abstract class SequenceHead : HeadModule
{
    /// <summary>For the heads.</summary>
    protected SequenceHead(string name) : base(name)
    {
    }

    /// <summary>Answers for each text.</summary>
    /// <param name="hidden">[batch, sequence, width], from <see cref="BackboneModel.ReadTexts"/>.</param>
    /// <param name="tokens">[batch, sequence] int64.</param>
    /// <param name="mask">[batch, sequence] bool, false for padding; null when nothing is padded.</param>
    /// <returns>[batch, outputs].</returns>
    public abstract Tensor Forward(Tensor hidden, Tensor tokens, Tensor? mask);
}
