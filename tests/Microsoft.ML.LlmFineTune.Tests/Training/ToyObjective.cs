using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Tests.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Training;

/// <summary>Next-token loss of a <see cref="ToyModel"/>, times a factor that a test may spoil.</summary>
internal sealed class ToyObjective(Func<double>? factor = null) : IObjective
{
    public IReadOnlyList<string> Metrics { get; } = ["accuracy"];

    public Tensor SummedLoss(nn.Module model, TokenBatch rows, MetricSums? metrics = null)
    {
        Tensor logits = ((ToyModel)model).Logits(tensor(rows.Tokens, [rows.Rows, rows.Length])), targets = tensor(rows.Targets);
        metrics?.Add("accuracy", logits.argmax(1).eq(targets).sum().item<long>(), rows.TargetCount);
        Tensor loss = SoftmaxCrossEntropy.Sum(logits, targets);
        return factor is null || !model.training ? loss : loss * factor();
    }
}

/// <summary>Rows whose next token is the present one plus one, most of the time, and a few ignored targets.</summary>
internal sealed class ToyBatches(int batches, int rows, int length, int vocabulary = 7, ulong seed = 1) : IBatchSource
{
    public int CountBatches(int epoch) => batches;

    public IEnumerable<TokenBatch> Epoch(int epoch)
    {
        LlmFineTune.Runtime.RandomStream random = new(seed + ((ulong)epoch * 1000));
        for (int batch = 0; batch < batches; batch++)
        {
            long[] tokens = Enumerable.Range(0, rows * length).Select(_ => (long)random.NextInt32(vocabulary)).ToArray();
            long[] targets = tokens.Select(token => random.NextInt32(10) switch { 0 => -100L, 1 => random.NextInt32(vocabulary), _ => (token + 1) % vocabulary }).ToArray();
            yield return new TokenBatch(rows, length, tokens, targets);
        }
    }
}
