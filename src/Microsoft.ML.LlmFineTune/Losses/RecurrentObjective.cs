using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models.Recurrent;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>How a recurrent language model is trained.</summary>
public sealed record RecurrentObjectiveOptions
{
    /// <summary>Tokens that a gradient goes back; default null: the whole row. Longer rows are read piece by piece: the state goes on, the gradient ends (truncated backpropagation through time). At least 1.</summary>
    public int? PieceLength { get; init; }

    /// <summary>Factor on the mean square of the last layer's states after dropout, added to the mean loss in training; default 0; at least 0. AWD-LSTM: 2 ("alpha").</summary>
    public double ActivationPenalty { get; init; }

    /// <summary>Factor on the mean square of what the last layer's states change from step to step, before dropout, added to the mean loss in training; default 0; at least 0. AWD-LSTM: 1 ("beta").</summary>
    public double ChangePenalty { get; init; }

    /// <summary>Bytes that the scores of the vocabulary may take at once, as in <see cref="TokenLossOptions.ScoreBudget"/>. Default: 64 MiB.</summary>
    public long ScoreBudget { get; init; } = ChunkedCrossEntropy.DefaultBudget;

    /// <summary>Demands that every option is in its range.</summary>
    /// <exception cref="ArgumentException">One is not; the message says which.</exception>
    public void Validate()
    {
        if (PieceLength is int length) Require.AtLeast(length, 1, nameof(PieceLength));
        Require.NotNegative(ActivationPenalty);
        Require.NotNegative(ChangePenalty);
        Require.AtLeast(ScoreBudget, 1);
    }
}

/// <summary>
/// The loss of a recurrent language model: the negative log-likelihood of each next token, in nats, and in training what AWD-LSTM adds to it (activation regularisation and its temporal form:
/// Merity, McCann, Socher: "Revisiting activation regularization for language RNNs", 2017). Knows <see cref="RecurrentLanguageModel"/>s.
/// </summary>
/// <remarks>Rows begin in the zero state. The means of the penalties are over all tokens of a step, without padding.</remarks>
public sealed class RecurrentObjective : IObjective
{
    private readonly RecurrentObjectiveOptions _options;
    private readonly TokenLossOptions _scores;

    /// <summary>Creates the objective.</summary>
    /// <param name="options">Null: the defaults.</param>
    public RecurrentObjective(RecurrentObjectiveOptions? options = null)
    {
        _options = options ?? new();
        _options.Validate();
        _scores = new TokenLossOptions { ScoreBudget = _options.ScoreBudget };
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Metrics { get; } = [NextTokenObjective.Accuracy];

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is not a recurrent language model, a token or target is not in its vocabulary, or there is not one target a token.</exception>
    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        Require.NotNull(rows);
        if (model is not RecurrentLanguageModel recurrent) throw new ArgumentException($"{nameof(RecurrentObjective)} trains a {nameof(RecurrentLanguageModel)}; received a {model?.GetType().Name ?? "null"}.", nameof(model));
        Tensor tokens = ModelInput.Tokens(rows, recurrent);                                                                                          // [rows, length]
        ModelInput.CheckTargets(rows, tokens.numel(), recurrent.Config.VocabularySize);
        Tensor sum = zeros([], device: recurrent.Device);
        RecurrentState? carried = null;
        try
        {
            int pieceLength = Math.Min(_options.PieceLength ?? rows.Length, rows.Length);
            for (int start = 0; start < rows.Length; start += pieceLength)
            {
                int length = Math.Min(pieceLength, rows.Length - start);
                RecurrentOutput output = recurrent.Read(tokens.narrow(1, start, length), carried);
                carried?.Dispose();
                carried = output.Carried;
                TargetPlaces places = TargetPlaces.OfColumns(rows, start, length, recurrent.Device);
                if (places.Targets.numel() > 0) sum = sum + VocabularyLoss.Sum(output.Hidden, places, recurrent.Config.VocabularySize, recurrent.Logits, recurrent, _scores, metrics);
                if (recurrent.training && Penalty(output, rows, start) is Tensor penalty) sum = sum + penalty;
            }
        }
        finally
        {
            carried?.Dispose();
        }
        return sum;
    }

    /// <summary>The rows' part of what is added to the loss: the penalties of the step, as often as the piece has targets there. Null for nothing.</summary>
    private Tensor? Penalty(RecurrentOutput output, TokenBatch rows, int start)
    {
        if (_options.ActivationPenalty == 0 && _options.ChangePenalty == 0) return null;
        (long targets, long tokens, long changes) = CountOfStep(rows, start);
        long length = output.States.size(1), width = output.States.size(2);
        Tensor? real = rows.Mask is null ? null : tensor(rows.Mask, [rows.Rows, rows.Length], device: output.States.device).narrow(1, start, length).to(ScalarType.Float32);   // [rows, length]
        Tensor? activation = _options.ActivationPenalty > 0 ? Squares(output.Hidden, real) * (_options.ActivationPenalty * targets / (tokens * width)) : null;
        if (_options.ChangePenalty == 0 || changes == 0 || length == 1) return activation;
        Tensor change = output.States.narrow(1, 1, length - 1) - output.States.narrow(1, 0, length - 1);                                             // [rows, length - 1, width]
        Tensor penalty = Squares(change, real?.narrow(1, 1, length - 1)) * (_options.ChangePenalty * targets / (changes * width));
        return activation is null ? penalty : activation + penalty;
    }

    /// <summary>The sum of squares of what is real.</summary>
    /// <param name="values">[rows, length, width].</param>
    /// <param name="real">[rows, length], 1 or 0; null: all is.</param>
    private static Tensor Squares(Tensor values, Tensor? real)
    {
        Tensor squares = values.to(ScalarType.Float32).square().sum(2);                                                                              // [rows, length]
        return (real is null ? squares : squares * real).sum();
    }

    /// <summary>Targets, tokens and pairs of neighbouring tokens that a piece has in all batches of the step: what is padded is none.</summary>
    private (long Targets, long Tokens, long Changes) CountOfStep(TokenBatch rows, int start)
    {
        (long targets, long tokens, long changes) = (0, 0, 0);
        foreach (TokenBatch batch in rows.Step)
        {
            int length = Math.Min(_options.PieceLength ?? batch.Length, batch.Length - start);
            for (int row = 0; length > 0 && row < batch.Rows; row++)
            {
                targets += length - batch.Targets.AsSpan((row * batch.Length) + start, length).Count(TokenBatch.Ignored);
                // Padding stands on the right.
                int real = batch.Mask is null ? length : batch.Mask.AsSpan((row * batch.Length) + start, length).Count(true);
                (tokens, changes) = (tokens + real, changes + Math.Max(0, real - 1));
            }
        }
        return (targets, tokens, changes);
    }
}
