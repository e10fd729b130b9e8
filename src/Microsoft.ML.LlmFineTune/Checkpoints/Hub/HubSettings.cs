using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>Options with the environment's answers filled in.</summary>
internal sealed record HubSettings(HubOptions Options, Uri Endpoint, string? Token, string CacheFolder, bool Offline)
{
    /// <param name="options">What was set.</param>
    /// <param name="variable">Gives a variable of the environment, or null.</param>
    public static HubSettings Of(HubOptions options, Func<string, string?> variable)
    {
        string address = options.Endpoint ?? Known("HF_ENDPOINT") ?? "https://huggingface.co";
        bool valid = Uri.TryCreate(address.TrimEnd('/') + "/", UriKind.Absolute, out Uri? endpoint) && endpoint.Scheme is "http" or "https";
        Require.Argument(valid, $"The endpoint must be an http or https address, as https://huggingface.co; received '{HubNames.Printable(address)}'.", nameof(options));
        string home = Expand(Known("HF_HOME") ?? Path.Combine(Known("XDG_CACHE_HOME") ?? "~/.cache", "huggingface"));
        string cache = Expand(options.CacheFolder ?? Known("HF_HUB_CACHE") ?? Known("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(home, "hub"));
        bool offline = options.Offline ?? (IsTrue("HF_HUB_OFFLINE") || IsTrue("TRANSFORMERS_OFFLINE"));
        return new HubSettings(options, endpoint!, FindToken(), Path.GetFullPath(cache), offline);

        string? Known(string name) => variable(name) is { } text && !string.IsNullOrWhiteSpace(text) ? text : null;

        bool IsTrue(string name) => Known(name)?.Trim().ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

        string Expand(string path) =>
            path == "~" || path.StartsWith("~/", StringComparison.Ordinal) ? (Known("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile)) + path[1..] : path;

        string? FindToken()
        {
            string? token = options.Token ?? (IsTrue("HF_HUB_DISABLE_IMPLICIT_TOKEN") ? null : Known("HF_TOKEN") ?? Known("HUGGING_FACE_HUB_TOKEN") ?? Stored(Expand(Known("HF_TOKEN_PATH") ?? Path.Combine(home, "token"))));
            token = token?.Trim();
            // The message must not show it.
            Require.Argument(token is null || token.All(character => character is > ' ' and <= '~'), "The token holds characters that a token cannot hold (spaces, line ends or letters outside ASCII); give it as the hub shows it.", nameof(options));
            return string.IsNullOrEmpty(token) ? null : token;
        }
    }

    private static string? Stored(string path)
    {
        try
        {
            return File.Exists(path) && new FileInfo(path).Length <= 4096 ? File.ReadAllText(path) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Most models need none; the hub says where one is needed.
            return null;
        }
    }
}
