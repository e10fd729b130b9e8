using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Losses;

/// <summary>Computes once what a reference model says of completions, so that it need not be in memory, nor read every epoch, while another model is trained against it.</summary>
public static class ReferenceLogProbabilities
{
    /// <summary>The rows with the log-probability of each target.</summary>
    /// <param name="reference">A decoder or encoder-decoder; it is put into evaluation mode and stays the caller's.</param>
    /// <param name="rows">The rows, for example of <see cref="Batches.Rows.PreferenceRows"/>.</param>
    /// <param name="padding">The token to pad with.</param>
    /// <param name="rowsAtOnce">How many rows are read at a time, at least 1.</param>
    /// <returns>As many rows, in their order.</returns>
    /// <exception cref="ArgumentException">The model is no language model, or a token or target is out of range.</exception>
    public static IReadOnlyList<TokenRow> AddTo(nn.Module reference, IReadOnlyList<TokenRow> rows, int padding, int rowsAtOnce = 8)
    {
        NativeRuntime.Initialize();
        Require.NotNull(reference).eval();
        Require.NotNull(rows);
        Require.AtLeast(rowsAtOnce, 1);
        List<TokenRow> told = new(rows.Count);
        foreach (TokenRow[] some in rows.Chunk(rowsAtOnce))
        {
            using var scope = NewDisposeScope();
            using var noGradients = no_grad();
            TokenBatch batch = PaddedRows.Of(some, padding);
            float[] all = [.. CompletionReading.LogProbabilities(reference, batch).to(ScalarType.Float32).cpu().reshape(-1).data<float>()];
            for (int row = 0; row < some.Length; row++)
                told.Add(some[row] with { ReferenceLogProbabilities = all.AsSpan(row * batch.TargetLength, some[row].Targets.Length).ToArray() });
        }
        return told;
    }
}
