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

    /// <summary>Demands that every option is in its range.</summary>
    /// <exception cref="ArgumentException">One is not; the message says which.</exception>
    public void Validate()
    {
        if (PieceLength is int length) Require.AtLeast(length, 1, nameof(PieceLength));
        Require.NotNegative(ActivationPenalty);
        Require.NotNegative(ChangePenalty);
    }
}

/// <summary>
/// The loss of a recurrent language model: the negative log-likelihood of each next token, in nats, and in training what AWD-LSTM adds to it (activation regularisation and its temporal form:
/// Merity, McCann, Socher: "Revisiting activation regularization for language RNNs", 2017). Knows <see cref="RecurrentLanguageModel"/>s.
/// </summary>
/// <remarks>Rows begin in the zero state. Padding counts in the means of the penalties.</remarks>
public sealed class RecurrentObjective : IObjective
{
    private readonly RecurrentObjectiveOptions _options;

    /// <summary>Creates the objective.</summary>
    /// <param name="options">Null: the defaults.</param>
    public RecurrentObjective(RecurrentObjectiveOptions? options = null)
    {
        _options = options ?? new();
        _options.Validate();
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
        Tensor targets = ModelInput.Targets(rows, tokens.numel(), recurrent.Config.VocabularySize, recurrent.Device).view(rows.Rows, rows.Length);   // [rows, length]
        Tensor? sum = null;
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
                Tensor wanted = targets.narrow(1, start, length).reshape(-1);                                                                        // [rows * length]
                Tensor logits = recurrent.Logits(output.Hidden).view(wanted.numel(), -1);                                                            // [rows * length, vocabulary]
                if (metrics is not null) metrics.Add(NextTokenObjective.Accuracy, logits.argmax(1).eq(wanted).sum().item<long>(), CountTargets(rows, start, length));
                Tensor loss = SoftmaxCrossEntropy.Sum(logits, wanted, TokenBatch.Ignored);
                if (recurrent.training && Penalty(output) is Tensor penalty) loss = loss + (penalty * CountTargets(rows, start, length));
                sum = sum is null ? loss : sum + loss;
            }
        }
        finally
        {
            carried?.Dispose();
        }
        return sum!;
    }

    /// <summary>What is added to the mean loss; null for nothing.</summary>
    private Tensor? Penalty(RecurrentOutput output)
    {
        Tensor? activation = _options.ActivationPenalty > 0 ? output.Hidden.square().mean() * _options.ActivationPenalty : null;
        long steps = output.States.size(1);
        if (_options.ChangePenalty == 0 || steps == 1) return activation;
        Tensor change = (output.States.narrow(1, 1, steps - 1) - output.States.narrow(1, 0, steps - 1)).square().mean() * _options.ChangePenalty;
        return activation is null ? change : activation + change;
    }

    private static int CountTargets(TokenBatch rows, int start, int length)
    {
        int count = 0;
        for (int row = 0; row < rows.Rows; row++) count += length - rows.Targets.AsSpan((row * rows.Length) + start, length).Count(TokenBatch.Ignored);
        return count;
    }
}
