using Microsoft.ML.LlmFineTune.Layers;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Models.Recurrent;

/// <summary>What a recurrent model gives for a piece of text.</summary>
/// <param name="Hidden">[batch, sequence, width]: the last layer's states, after dropout: what a head reads.</param>
/// <param name="States">[batch, sequence, width]: the last layer's states, before dropout.</param>
/// <param name="Carried">What the model knows at the end, to go on from; gradients end in it. It belongs to the caller, no dispose scope frees it.</param>
public sealed record RecurrentOutput(Tensor Hidden, Tensor States, RecurrentState Carried);
