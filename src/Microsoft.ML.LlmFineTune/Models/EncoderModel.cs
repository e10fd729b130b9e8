using Microsoft.ML.LlmFineTune.Layers;
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
}
