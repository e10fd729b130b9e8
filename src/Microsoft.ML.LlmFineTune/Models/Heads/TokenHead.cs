using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Heads;

/// <summary>A head that gives numbers for each token.</summary>
public abstract class TokenHead : HeadModule
{
    /// <summary>For the heads.</summary>
    protected TokenHead(string name) : base(name)
    {
    }

    /// <summary>Answers for each token.</summary>
    /// <param name="hidden">[.., width], from <see cref="BackboneModel.ReadTexts"/>.</param>
    /// <returns>[.., outputs].</returns>
    public abstract Tensor Forward(Tensor hidden);
}
