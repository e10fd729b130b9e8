using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using Parameter = TorchSharp.Modules.Parameter;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>
/// The loss of a large vocabulary without the scores of all rows at once: rows are scored a chunk at a time, and each chunk's gradients are made before the next chunk's scores take its place (as Hsu et al. do:
/// "Liger Kernel: Efficient Triton Kernels for LLM Training", 2024).
/// </summary>
public static class ChunkedCrossEntropy
{
    /// <summary>Bytes that the scores of a chunk take by default: 64 MiB. Their gradient takes as much again.</summary>
    public const long DefaultBudget = 64L << 20;

    /// <summary>Below this many rows a chunk's matrix product no longer pays for adding up the gradient of the head.</summary>
    private const long LeastRows = 64;

    /// <summary>The summed loss of scored rows.</summary>
    /// <param name="hidden">[rows, width].</param>
    /// <param name="targets">[rows] int64, from 0 to <paramref name="classes"/> - 1, or <see cref="SoftmaxCrossEntropy.Ignored"/>; rows without a target are not scored where they are many.</param>
    /// <param name="classes">How many scores a row has.</param>
    /// <param name="head">Scores rows, each by itself: [rows, width] to [rows, classes]; without random numbers. It is called for one chunk after the other.</param>
    /// <param name="owner">The module whose parameters the head may use; those that it does use and that have gradients get them.</param>
    /// <param name="loss">The summed loss of scores [rows, classes] and targets [rows]; null: <see cref="SoftmaxCrossEntropy.Sum"/>.</param>
    /// <param name="budget">Bytes that the scores of a chunk may take (but at least 64 rows are scored at a time); greater than 0. What fits is scored at once.</param>
    /// <param name="observe">Sees the scores and targets of each chunk, without gradients; null: nobody wants to.</param>
    /// <returns>A scalar (float32), differentiable in hidden and the head's parameters.</returns>
    /// <exception cref="ArgumentException">Shapes or types do not fit.</exception>
    public static Tensor Sum(Tensor hidden, Tensor targets, long classes, Func<Tensor, Tensor> head, nn.Module owner,
        Func<Tensor, Tensor, Tensor>? loss = null, long budget = DefaultBudget, Action<Tensor, Tensor>? observe = null)
    {
        Require.NotNull(hidden);
        Require.NotNull(targets);
        Require.NotNull(head);
        Require.NotNull(owner);
        Require.AtLeast(classes, 1);
        Require.AtLeast(budget, 1);
        Require.Argument(hidden.dim() == 2 && targets.dim() == 1 && targets.size(0) == hidden.size(0) && targets.dtype == ScalarType.Int64,
            $"Hidden states must be [rows, width] and targets [rows] of Int64; received [{string.Join(", ", hidden.shape)}] and [{string.Join(", ", targets.shape)}] of {targets.dtype}.");
        loss ??= (logits, wanted) => SoftmaxCrossEntropy.Sum(logits, wanted);
        (hidden, targets) = Wanted(hidden, targets);
        long rows = hidden.size(0), rowsAtOnce = RowsAtOnce(classes, hidden.ElementSize, budget);
        if (rows <= rowsAtOnce) return Score(hidden, targets);

        Parameter[] moving = is_grad_enabled() ? [.. owner.parameters().Where(parameter => parameter.requires_grad)] : [];
        if (!is_grad_enabled() || (!hidden.requires_grad && moving.Length == 0))
        {
            Tensor total = zeros([], device: hidden.device);
            foreach ((long first, long count) in Chunks(rows, rowsAtOnce))
            {
                using IDisposable scope = NewDisposeScope();
                using IDisposable withoutGradients = no_grad();
                total.add_(Score(hidden.narrow(0, first, count), targets.narrow(0, first, count)));
            }
            return total;
        }
        return WithGradients(hidden, targets, moving, rowsAtOnce, Score);

        Tensor Score(Tensor part, Tensor wanted)
        {
            Tensor logits = head(part);
            if (observe is not null)
            {
                using IDisposable withoutGradients = no_grad();
                observe(logits, wanted);
            }
            return loss(logits, wanted);
        }
    }

    /// <summary>How many rows are scored at a time.</summary>
    internal static long RowsAtOnce(long classes, long elementSize, long budget) => Math.Max(LeastRows, budget / (classes * elementSize));

    private static Tensor WithGradients(Tensor hidden, Tensor targets, Parameter[] moving, long rowsAtOnce, Func<Tensor, Tensor, Tensor> score)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor total = zeros([], device: hidden.device);
        Tensor? hiddenGradient = hidden.requires_grad ? empty_like(hidden) : null;
        Dictionary<int, Tensor> sums = [];
        Dictionary<nint, Tensor> products = [];
        // The first chunk finds out which parameters the head uses.
        List<int> used = [.. Enumerable.Range(0, moving.Length)];
        foreach ((long first, long count) in Chunks(hidden.size(0), rowsAtOnce))
        {
            using DisposeScope ofChunk = NewDisposeScope();
            using IDisposable withGradients = enable_grad();
            Tensor part = hidden.detach().narrow(0, first, count).requires_grad_(hiddenGradient is not null);
            Tensor loss = Scored(part, targets.narrow(0, first, count));
            using IDisposable withoutGradients = no_grad();
            total.add_(loss.detach());
            Tensor[] wanted = [.. hiddenGradient is null ? [] : (Tensor[])[part], .. used.Select(index => moving[index])];
            IList<Tensor> found = autograd.grad([loss], wanted, allow_unused: true);
            KernelGradients.Release();
            int offset = 0;
            if (hiddenGradient is not null) hiddenGradient.narrow(0, first, count).copy_(found[offset++]);
            for (int i = 0; i < used.Count; i++) Add(sums, used[i], found[offset + i]);
            if (first == 0) used = [.. sums.Keys.Order()];
        }
        // Large matrices' gradients went straight into sums.
        foreach ((nint handle, Tensor sum) in products)
        {
            int index = Array.FindIndex(moving, parameter => parameter.Handle == handle);
            if (sums.TryGetValue(index, out Tensor? other)) sum.add_(other);
            sums[index] = sum;
        }
        used = [.. sums.Keys.Order()];
        // What was added up in float32 becomes what the parameter is.
        Tensor[] inputs = [.. hiddenGradient is null ? [] : (Tensor[])[hidden], .. used.Select(index => moving[index])];
        Tensor[] gradients = [.. hiddenGradient is null ? [] : (Tensor[])[hiddenGradient], .. used.Select(index => sums[index].to(moving[index].dtype))];
        Func<Tensor[], Tensor> composition = given => score(hiddenGradient is null ? hidden : given[0], targets);
        return KnownGradientFunction.apply([total, composition, gradients, .. inputs]).MoveToOuterDisposeScope();

        // What forward leaves behind goes before backward begins.
        Tensor Scored(Tensor part, Tensor wanted)
        {
            Dictionary<nint, Tensor>? before = SummedProduct.Exchange(products);
            try
            {
                using DisposeScope ofForward = NewDisposeScope();
                return score(part, wanted).MoveToOuterDisposeScope();
            }
            finally
            {
                SummedProduct.Exchange(before);
                scope.Attach(products.Values.Where(sum => !scope.Contains(sum)));
            }
        }
    }

    private static void Add(Dictionary<int, Tensor> sums, int index, Tensor? gradient)
    {
        if (gradient is null or { IsInvalid: true }) return;
        if (sums.TryGetValue(index, out Tensor? sum)) sum.add_(gradient);
        else sums[index] = gradient.to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>Rows cut into chunks, as equal as can be: a short one at the end would cost as much as a whole one.</summary>
    internal static IEnumerable<(long First, long Count)> Chunks(long rows, long rowsAtOnce)
    {
        long chunks = (rows + rowsAtOnce - 1) / rowsAtOnce;
        for (long chunk = 0; chunk < chunks; chunk++)
        {
            long first = rows * chunk / chunks;
            yield return (first, (rows * (chunk + 1) / chunks) - first);
        }
    }

    /// <summary>The rows that have a target, where an eighth or more have none.</summary>
    private static (Tensor Hidden, Tensor Targets) Wanted(Tensor hidden, Tensor targets)
    {
        using Tensor kept = targets.ne(SoftmaxCrossEntropy.Ignored), count = kept.sum();
        long rows = hidden.size(0), some = count.item<long>();
        if (some == 0 || some > rows - (rows / 8)) return (hidden, targets);
        Tensor places = kept.nonzero().squeeze(1);
        return (hidden.index_select(0, places), targets.index_select(0, places));
    }
}
