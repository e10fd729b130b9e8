namespace Microsoft.ML.LlmFineTune.Runtime;

/// <summary>
/// All random numbers of a run, from one seed: each purpose has streams of its own, so that drawing more for one purpose changes no other
/// (the dropout of step 7 is the same whatever was shuffled before).
/// </summary>
/// <param name="Seed">The seed; any number.</param>
public sealed record RandomStreams(long Seed)
{
    /// <summary>A fresh stream for the initial weights.</summary>
    public RandomStream Initialization => Stream(1, 0, 0);

    /// <summary>A fresh stream for sampling tokens.</summary>
    public RandomStream Sampling => Stream(4, 0, 0);

    /// <summary>A fresh stream for the order of an epoch.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    public RandomStream Shuffle(int epoch) => Stream(2, epoch, 0);

    /// <summary>A fresh stream for the dropout of one replica in one step.</summary>
    /// <param name="step">The optimizer step, from 0.</param>
    /// <param name="replica">The replica, from 0.</param>
    public RandomStream Dropout(long step, int replica) => Stream(3, step, replica);

    /// <summary>A fresh stream for what one row of the data has hidden, replaced or cut in one epoch: a pure function of seed, epoch and row, whatever the order and the batches are.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="row">The row's number in the data, from 0.</param>
    public RandomStream Masking(int epoch, long row) => Stream(5, epoch, row);

    /// <summary>A fresh stream for the weights that have their old values in one step.</summary>
    /// <param name="step">The optimizer step, from 0.</param>
    public RandomStream Mixout(long step) => Stream(6, step, 0);

    private RandomStream Stream(ulong purpose, long first, long second) =>
        new(RandomStream.Derive(RandomStream.Derive(RandomStream.Derive((ulong)Seed, purpose), (ulong)first), (ulong)second));
}
