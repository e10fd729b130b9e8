using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
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

    /// <summary>[rows, length] int64: which of two texts a token belongs to; null when all belong to the first.</summary>
    public static Tensor? Segments(TokenBatch rows, BackboneModel model) =>
        rows.Segments is null ? null : tensor(rows.Segments, [rows.Rows, rows.Length], device: model.Device);

    /// <summary>[rows, length] int64: which document of a packed row a token belongs to; null when every row is one.</summary>
    public static Tensor? Documents(TokenBatch rows, BackboneModel model) =>
        rows.Documents is null ? null : tensor(rows.Documents, [rows.Rows, rows.Length], device: model.Device);

    /// <summary>[rows, columns] float32.</summary>
    /// <exception cref="ArgumentException">The batch has no values, or not so many a row.</exception>
    public static Tensor Values(TokenBatch rows, int columns, Device device)
    {
        Require.Argument(rows.Values is not null && rows.ValuesPerRow == columns, $"This loss needs {columns} values a row; received {rows.ValuesPerRow}.", nameof(rows));
        return tensor(rows.Values, [rows.Rows, columns], device: device);
    }

    /// <summary>The model as the kind that an objective trains.</summary>
    /// <exception cref="ArgumentException">It is of another kind.</exception>
    public static T Expect<T>(nn.Module model, string objective) where T : nn.Module =>
        model as T ?? throw new ArgumentException($"{objective} trains a {typeof(T).Name}; received a {model?.GetType().Name ?? "null"}.", nameof(model));

    /// <summary>[targets] int64.</summary>
    /// <exception cref="ArgumentException">There is not one target for each of the places that want one, or one is not below <paramref name="classes"/>.</exception>
    public static Tensor Targets(TokenBatch rows, long places, int classes, Device device)
    {
        CheckTargets(rows, places, classes);
        return tensor(rows.Targets, [places], device: device);
    }

    /// <summary>Demands one target for each of the places that want one, every one a class or ignored.</summary>
    /// <exception cref="ArgumentException">It is not so.</exception>
    public static void CheckTargets(TokenBatch rows, long places, int classes)
    {
        if (rows.Targets.Length != places)
            throw new ArgumentException($"This loss needs {places} targets for a batch of {rows.Rows} x {rows.Length}; received {rows.Targets.Length}.", nameof(rows));
        foreach (long target in rows.Targets)
        {
            if ((ulong)target >= (ulong)classes && target != TokenBatch.Ignored)
                throw new ArgumentException($"Targets must be from 0 to {classes - 1}, or {TokenBatch.Ignored} for none; the batch has {target}.", nameof(rows));
        }
    }
}
