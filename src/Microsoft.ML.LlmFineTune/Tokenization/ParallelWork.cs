using System.Runtime.ExceptionServices;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The same work for many things on several threads.</summary>
internal static class ParallelWork
{
    /// <summary>Does the work for 0 to <paramref name="count"/> - 1. The first error by number is thrown as it was.</summary>
    public static void ForEach(int count, int? threads, CancellationToken cancellationToken, Action<int> work)
    {
        var degree = Math.Min(threads ?? Environment.ProcessorCount, count);
        if (degree <= 1)
        {
            for (var i = 0; i < count; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                work(i);
            }
            return;
        }
        try
        {
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = degree, CancellationToken = cancellationToken }, work);
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }
}
