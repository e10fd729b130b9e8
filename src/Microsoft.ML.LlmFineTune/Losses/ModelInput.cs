using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>Turns a batch's managed arrays into tensors on a model's device. They belong to the dispose scope of the step.</summary>
internal static class ModelInput
{
    /// <summary>[rows, length] int64.</summary>
    /// <exception cref="ArgumentException">A token is not in the model's vocabulary.</exception>
    public static Tensor Tokens(TokenBatch rows, BackboneModel model)
    {
        // Checked here, because an embedding looked up outside its table ends in an error far from its cause, and on a GPU the process ends.
        int vocabulary = model.Config.VocabularySize;
        foreach (long token in rows.Tokens)
        {
            if ((ulong)token >= (ulong)vocabulary)
                throw new ArgumentException($"The model knows tokens 0 to {vocabulary - 1}; the batch has {token}. Tokenizer and model do not belong together.", nameof(rows));
        }
        return tensor(rows.Tokens, [rows.Rows, rows.Length], device: model.Device);
    }

    /// <summary>[rows, length] bool, or null when nothing is padded.</summary>
    public static Tensor? Mask(TokenBatch rows, BackboneModel model) =>
        rows.Mask is null ? null : tensor(rows.Mask, [rows.Rows, rows.Length], device: model.Device);

    /// <summary>[targets] int64.</summary>
    /// <exception cref="ArgumentException">There is not one target for each of the places that want one, or one is not below <paramref name="classes"/>.</exception>
    public static Tensor Targets(TokenBatch rows, long places, int classes, Device device)
    {
        if (rows.Targets.Length != places)
            throw new ArgumentException($"This loss needs {places} targets for a batch of {rows.Rows} x {rows.Length}; received {rows.Targets.Length}.", nameof(rows));
        foreach (long target in rows.Targets)
        {
            if ((ulong)target >= (ulong)classes && target != TokenBatch.Ignored)
                throw new ArgumentException($"Targets must be from 0 to {classes - 1}, or {TokenBatch.Ignored} for none; the batch has {target}.", nameof(rows));
        }
        return tensor(rows.Targets, [places], device: device);
    }
}
