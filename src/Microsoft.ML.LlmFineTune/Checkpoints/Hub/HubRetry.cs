namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>Counts failures in a row, and waits between attempts.</summary>
/// <param name="options">How often, how long.</param>
/// <param name="what">What is attempted, for the message.</param>
internal sealed class HubRetry(HubOptions options, string what)
{
    // A whole file that is wrong is costly, and hardly ever right the next time.
    private const int MaxMismatches = 3;
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestAsked = TimeSpan.FromMinutes(5);

    private int _failures;
    private int _mismatches;

    /// <summary>Attempts until one succeeds or there were too many failures.</summary>
    public static async Task<T> RunAsync<T>(HubOptions options, string what, Func<Task<T>> attempt, CancellationToken cancellation)
    {
        HubRetry retry = new(options, what);
        while (true)
        {
            try
            {
                return await attempt();
            }
            catch (HubTransientException error)
            {
                await retry.WaitAsync(error, cancellation);
            }
        }
    }

    /// <summary>Forgets the failures: something was achieved.</summary>
    public void Restart() => _failures = 0;

    /// <summary>Waits as long as is due after a failure, or throws where it was one too many.</summary>
    public async Task WaitAsync(HubTransientException error, CancellationToken cancellation)
    {
        _failures++;
        if (error.IsMismatch && ++_mismatches >= MaxMismatches || _failures > options.Retries) throw GivenUp(error);
        TimeSpan asked = error.RetryAfter ?? TimeSpan.Zero;
        if (asked > LongestAsked) throw new HubException(HubErrorKind.Network, $"{what}: {error.Message} The hub asks to wait {asked.TotalMinutes:0} minutes: try again then; a token (HF_TOKEN) raises the hub's limits.", error);
        double doubled = options.RetryDelay.TotalSeconds * Math.Pow(2, Math.Min(_failures - 1, 30)) * (0.75 + (0.5 * Random.Shared.NextDouble()));
        TimeSpan delay = TimeSpan.FromSeconds(Math.Min(doubled, LongestDelay.TotalSeconds));
        await Task.Delay(delay > asked ? delay : asked, cancellation);
    }

    private HubException GivenUp(HubTransientException error) => error.IsMismatch
        ? new HubException(HubErrorKind.Integrity, $"{what}: {error.Message} It was fetched anew {_mismatches - 1} times. What was wrong is deleted; something between here and the hub (a proxy, a mirror) changes files, or the hub's own file is damaged.", error)
        : new HubException(HubErrorKind.Network, $"{what}: {error.Message} Given up after {_failures} attempts in a row; what has arrived is kept, and the next call goes on from there. Is the network up, the endpoint right, a proxy needed (HTTPS_PROXY)? With Offline (HF_HUB_OFFLINE=1) only the cache is used.", error);
}
