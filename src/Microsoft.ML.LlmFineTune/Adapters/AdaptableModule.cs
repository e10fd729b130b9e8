using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;

namespace Microsoft.ML.LlmFineTune.Adapters;

/// <summary>A part of a model that adapters can change.</summary>
/// <param name="Name">The name that Hugging Face gives it, for example "model.layers.0.self_attn.q_proj".</param>
/// <param name="Path">The name under which the model registers it.</param>
/// <param name="Layer">A <see cref="Linear"/>, an <see cref="Embedding"/>, or a <see cref="TiedHead"/>.</param>
/// <param name="Kind">What it is for.</param>
/// <param name="Number">Number of its layer; null for what stands outside the layers.</param>
/// <param name="IsTransposed">Whether checkpoints store its matrix transposed.</param>
internal sealed record AdaptableModule(string Name, string Path, object Layer, WeightKind Kind, int? Number, bool IsTransposed);
