using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>What shall be trained, as far as it decides about memory. Immutable.</summary>
public sealed record MemoryRequest
{
    /// <summary>The model's shape.</summary>
    public required ModelConfig Config { get; init; }

    /// <summary>The task's head; default null: none but what the family's backbone has.</summary>
    public ModelHead? Head { get; init; }

    /// <summary>How it is trained.</summary>
    public TrainingOptions Options { get; init; } = new();

    /// <summary>Rows of the largest batch; at least 1.</summary>
    public required int Rows { get; init; }

    /// <summary>Tokens of its rows, padding included; at least 1.</summary>
    public required int Length { get; init; }

    /// <summary>Tokens of the text that an encoder-decoder reads; default null: as many as it writes. At least 1.</summary>
    public int? SourceLength { get; init; }

    /// <summary>Replicas that share out the rows, of which each has gradients of its own; at least 1. Default 1.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>Whether there is validation data, whose best weights are kept. Default true.</summary>
    public bool Validates { get; init; } = true;

    /// <summary>The part of the tokens that have a target, greater than 0, at most 1: masked language models score few of them. Default 1.</summary>
    public double ScoredPart { get; init; } = 1;

    /// <summary>Bytes that the scores of a vocabulary may take at once; greater than 0. Default <see cref="ChunkedCrossEntropy.DefaultBudget"/>.</summary>
    public long ScoreBudget { get; init; } = ChunkedCrossEntropy.DefaultBudget;

    /// <summary>Which weights move, by their names in the model; default null: all. With <see cref="AdapterRank"/>: which matrices have an adapter, while nothing else moves.</summary>
    public Func<string, bool>? Moves { get; init; }

    /// <summary>The rank of low-rank adapters, at least 1; default null: none.</summary>
    public int? AdapterRank { get; init; }

    /// <summary>Bytes that the weights take where it is not the type alone that says it (a base in four bits a number); null: the type does.</summary>
    internal long? WeightBytes { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public void Validate()
    {
        Require.NotNull(Config).Validate();
        Require.NotNull(Options).Validate();
        Require.AtLeast(Rows, 1);
        Require.AtLeast(Length, 1);
        if (SourceLength is int source) Require.AtLeast(source, 1, nameof(SourceLength));
        Require.AtLeast(Replicas, 1);
        Require.Argument(ScoredPart is > 0 and <= 1, $"ScoredPart must be greater than 0 and at most 1; received {ScoredPart}.", nameof(ScoredPart));
        Require.AtLeast(ScoreBudget, 1);
        if (AdapterRank is int rank) Require.AtLeast(rank, 1, nameof(AdapterRank));
    }
}
