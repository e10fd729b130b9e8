using Microsoft.ML.LlmFineTune.Checkpoints;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Checkpoints.Hub;

public sealed class HubOptionsTests : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Fact]
    public void DefaultsAreThose()
    {
        HubOptions options = new();
        Assert.Equal((null, null, null, null), (options.Endpoint, options.Token, options.CacheFolder, options.Offline));
        Assert.Equal((4, 5, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), true), (options.ParallelFiles, options.Retries, options.RetryDelay, options.Timeout, options.SymbolicLinks));
        HubSettings settings = Of(options);
        Assert.Equal(("https://huggingface.co/", null, false), (settings.Endpoint.ToString(), settings.Token, settings.Offline));
        Assert.Equal(Path.Combine(_home, ".cache", "huggingface", "hub"), settings.CacheFolder);
    }

    [Fact]
    public void TheEnvironmentIsHuggingFaceHubs()
    {
        string hfHome = Directory.CreateDirectory(Path.Combine(_home, "hf")).FullName;
        File.WriteAllText(Path.Combine(hfHome, "token"), "hf_stored\n");
        Assert.Equal("hf_stored", Of(new(), ("HF_HOME", hfHome)).Token);
        Assert.Equal(Path.Combine(hfHome, "hub"), Of(new(), ("HF_HOME", "~/hf")).CacheFolder);
        Assert.Equal(Path.Combine(_home, "xdg", "huggingface", "hub"), Of(new(), ("XDG_CACHE_HOME", Path.Combine(_home, "xdg"))).CacheFolder);
        Assert.Equal(_home, Of(new(), ("HF_HOME", hfHome), ("HF_HUB_CACHE", _home)).CacheFolder);
        Assert.Equal("hf_set", Of(new(), ("HF_HOME", hfHome), ("HF_TOKEN", "hf_set")).Token);
        Assert.Equal("hf_given", Of(new() { Token = "hf_given" }, ("HF_TOKEN", "hf_set")).Token);
        Assert.Null(Of(new() { Token = "" }, ("HF_TOKEN", "hf_set")).Token);
        Assert.Null(Of(new(), ("HF_TOKEN", "hf_set"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")).Token);
        Assert.Equal("http://mirror.test/hf/", Of(new(), ("HF_ENDPOINT", "http://mirror.test/hf")).Endpoint.ToString());
        Assert.True(Of(new(), ("HF_HUB_OFFLINE", "yes")).Offline);
        Assert.True(Of(new(), ("TRANSFORMERS_OFFLINE", "1")).Offline);
        Assert.False(Of(new(), ("HF_HUB_OFFLINE", "0")).Offline);
        Assert.False(Of(new() { Offline = false }, ("HF_HUB_OFFLINE", "1")).Offline);
    }

    [Fact]
    public void OptionsOutOfRangeAreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new HubOptions { ParallelFiles = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new HubOptions { Retries = -1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new HubOptions { RetryDelay = TimeSpan.FromSeconds(-1) });
        Assert.Throws<ArgumentOutOfRangeException>(() => new HubOptions { Timeout = TimeSpan.Zero });
        Assert.Throws<ArgumentException>(() => Of(new() { Endpoint = "ftp://hub.test" }));
    }

    [Theory]
    [InlineData("gpt2", true)]
    [InlineData("sentence-transformers/all-MiniLM-L6-v2", true)]
    [InlineData("a/b/c", false)]
    [InlineData("../b", false)]
    [InlineData("a/..", false)]
    [InlineData("a/b--c", false)]
    [InlineData("a/b.git", false)]
    [InlineData("-a/b", false)]
    [InlineData("a/b?x", false)]
    [InlineData("", false)]
    public void OnlyNamesOfRepositoriesAreTaken(string id, bool valid)
    {
        if (valid) Assert.Equal(id, new HubRepository(id).Id);
        else Assert.Throws<ArgumentException>(() => new HubRepository(id));
    }

    [Theory]
    [InlineData("../main")]
    [InlineData("a/../../b")]
    [InlineData("/main")]
    [InlineData("a\\b")]
    public void OnlyNamesOfRevisionsAreTaken(string revision) => Assert.Throws<ArgumentException>(() => new HubRepository("a/b") { Revision = revision });

    [Theory]
    [InlineData("*.json", "a/b.json", true)]
    [InlineData("*.json", "b.JSON", false)]
    [InlineData("*.json", "b.json.x", false)]
    [InlineData("a/", "a/b/c", true)]
    [InlineData("a/", "b/a/c", false)]
    [InlineData("?.x", "a.x", true)]
    [InlineData("?.x", ".x", false)]
    [InlineData("[a-c]1", "b1", true)]
    [InlineData("[!a-c]1", "b1", false)]
    [InlineData("[]]1", "]1", true)]
    [InlineData("[!]]1", "]1", false)]
    [InlineData("[^b]1", "^1", true)]
    [InlineData("[^b]1", "c1", false)]
    [InlineData("[ab", "[ab", true)]
    [InlineData("a.b", "axb", false)]
    [InlineData("*", "m.bin", false)]
    [InlineData("*", "M.BIN", false)]
    public void PatternsAreFnmatch(string pattern, string path, bool matches) =>
        Assert.Equal(matches, new HubPatterns(new HubRepository("a/b") { AllowPatterns = [pattern], IgnorePatterns = [] }).Wants(path));

    private HubSettings Of(HubOptions options, params (string Name, string Value)[] variables) =>
        HubSettings.Of(options, name => name == "HOME" ? _home : variables.FirstOrDefault(variable => variable.Name == name).Value);
}
