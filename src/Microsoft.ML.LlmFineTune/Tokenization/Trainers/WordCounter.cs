using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Splits a text into words and adds each to the counts. Called from several threads at once, each time with counts of its own.</summary>
internal delegate void WordSplitter(string text, WordCounts words);

/// <summary>
/// Counts the words of a stream of texts on all cores. Texts are read once and in order, a few million characters at a time, so memory grows with the distinct words and not with the corpus.
/// The same texts in the same order give the same counts, in the same order, for any number of threads; without a limit on the words the counts don't depend on the order of texts either.
/// </summary>
internal sealed class WordCounter
{
    /// <summary>UTF-16 units that one thread splits at a time; a fixed number, so that what a limit drops depends on the texts alone.</summary>
    private const int UnitsPerShare = 1 << 20;

    private readonly WordSplitter _splitter;
    private readonly int? _maximumWords;
    private readonly int _threads;

    /// <param name="splitter">Makes words of a text.</param>
    /// <param name="maximumWords">Distinct words that are held at most; null, no limit. Whenever there are more, the rarest quarter is dropped.</param>
    /// <param name="threads">Threads that split; null, one a core.</param>
    public WordCounter(WordSplitter splitter, int? maximumWords = null, int? threads = null)
    {
        _splitter = Require.NotNull(splitter);
        _maximumWords = maximumWords is { } words ? Require.AtLeast(words, 1, nameof(maximumWords)) : null;
        _threads = threads is { } number ? Require.AtLeast(number, 1, nameof(threads)) : Environment.ProcessorCount;
    }

    /// <summary>Texts read by the last count.</summary>
    public long Texts { get; private set; }

    /// <summary>Occurrences that the limit made the last count forget, of words that were the rarest at that time.</summary>
    public long DroppedOccurrences { get; private set; }

    /// <summary>How often the limit dropped a word during the last count; a word that came back and was dropped again counts twice.</summary>
    public long DroppedWords { get; private set; }

    /// <summary>Counts the words of texts.</summary>
    /// <exception cref="ArgumentException">A text is null.</exception>
    public WordCounts Count(IEnumerable<string> texts, IProgress<TokenizerTrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        Require.NotNull(texts);
        (Texts, DroppedOccurrences, DroppedWords) = (0, 0, 0);
        var all = new WordCounts(cancellationToken);
        using var failure = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var atWork = new Queue<Task<WordCounts>>();
        var idle = new Stack<WordCounts>();
        var share = new List<string>();
        var units = 0L;
        try
        {
            foreach (var text in texts)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Require.Argument(text is not null, $"A text to train on must not be null; text {Texts} is.", nameof(texts));
                Texts++;
                share.Add(text);
                units += text.Length + 1;
                if (units >= UnitsPerShare)
                    Begin();
            }
            if (share.Count > 0)
                Begin();
            while (atWork.Count > 0)
                Finish();
            return all;
        }
        catch
        {
            failure.Cancel();
            while (atWork.TryDequeue(out var left))
                Observe(left);
            throw;
        }

        void Begin()
        {
            if (atWork.Count > _threads)
                Finish();
            var (taken, words) = (share.ToArray(), idle.TryPop(out var table) ? table : new WordCounts(failure.Token));
            (share, units) = ([], 0);
            atWork.Enqueue(Task.Run(() => Split(taken, words, failure.Token)));
        }

        void Finish()
        {
            var words = atWork.Dequeue().GetAwaiter().GetResult();
            all.Add(words);
            words.Clear();
            idle.Push(words);
            if (_maximumWords is { } limit && all.Count > limit)
            {
                var (dropped, occurrences) = all.Prune(Math.Max(limit - (limit / 4), 1));
                DroppedWords += dropped;
                DroppedOccurrences += occurrences;
            }
            progress?.Report(new TokenizerTrainingProgress(TokenizerTrainingPhase.CountingWords, Texts, 0));
        }
    }

    private WordCounts Split(string[] texts, WordCounts words, CancellationToken cancellationToken)
    {
        foreach (var text in texts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _splitter(text, words);
        }
        return words;
    }

    // Splitters may hold what belongs to the caller, so none outlives the call.
    private static void Observe(Task task)
    {
        try
        {
            task.GetAwaiter().GetResult();
        }
        catch (Exception)
        {
            // The first failure is on its way already.
        }
    }
}
