using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Models;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Adapters;

public sealed class AdapterOptionsTests
{
    [Fact]
    public void Defaults_are_those_of_the_reference()
    {
        LoraOptions lora = new();
        Assert.Equal((8, 8.0, 0.0, LoraBias.None, LoraInitialization.Uniform, 1.0), (lora.Rank, lora.Alpha, lora.Dropout, lora.Bias, lora.Initialization, lora.OutputLearningRateFactor));
        Assert.False(lora.UsesRankStabilization || lora.UsesWeightDecomposition || lora.HasOutputBias);
        Assert.Null(lora.Targets ?? lora.Excluded);
        Assert.Null(lora.ModulesToSave ?? lora.LayerWords);
        Assert.Empty(lora.RankPattern.Keys.Concat(lora.AlphaPattern.Keys));
        Assert.Equal((20, 20, true), (new PromptTuningOptions().VirtualTokens, new PrefixTuningOptions().VirtualTokens, new Ia3Options().BeginsAtOne));
    }

    public static TheoryData<string> Contradictions => new("rank", "alpha", "dropout", "rate", "pattern", "layers", "words", "bias", "biases", "first weights", "excluded", "feed-forward", "tokens", "initial", "prefix");

    [Theory]
    [MemberData(nameof(Contradictions))]
    public void What_contradicts_itself_is_refused(string what)
    {
        AdapterOptions options = what switch
        {
            "rank" => new LoraOptions { Rank = 0 },
            "alpha" => new LoraOptions { Alpha = 0 },
            "dropout" => new LoraOptions { Dropout = 1 },
            "rate" => new LoraOptions { OutputLearningRateFactor = 0 },
            "pattern" => new LoraOptions { RankPattern = new Dictionary<string, int> { ["q_proj"] = 0 } },
            "layers" => new LoraOptions { Targets = ModuleSelection.Matching(".*"), Layers = [0] },
            "words" => new LoraOptions { LayerWords = ["layers"] },
            "bias" => new LoraOptions { HasOutputBias = true, UsesWeightDecomposition = true },
            "biases" => new LoraOptions { Bias = (LoraBias)9 },
            "first weights" => new LoraOptions { Initialization = (LoraInitialization)9 },
            "excluded" => new LoraOptions { Excluded = ModuleSelection.AllLinear },
            "feed-forward" => new Ia3Options { Targets = ModuleSelection.Of("k_proj"), FeedForward = ModuleSelection.Of("down_proj") },
            "tokens" => new PromptTuningOptions { VirtualTokens = 0 },
            "initial" => new PromptTuningOptions { InitialTokens = [1], BeginsWithVocabulary = true },
            _ => new PrefixTuningOptions { VirtualTokens = 0 },
        };
        Assert.ThrowsAny<ArgumentException>(options.Validate);
    }

    [Theory]
    [InlineData("q_proj,c_attn", "'c_attn' matches no linear layer or embedding of the model. It has linear layers q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, lm_head and embeddings embed_tokens")]
    [InlineData("norm", "'norm' matches no linear layer")]
    public void Names_that_match_nothing_are_refused_with_those_that_there_are(string names, string message)
    {
        using DecoderModel model = Adapted.Model(Adapted.Llama);
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => ModelAdapters.Attach(model, new LoraOptions { Targets = ModuleSelection.Of(names.Split(',')) })).Message, StringComparison.Ordinal);
        Assert.Null(ModelAdapters.Of(model));
        Assert.All(model.parameters(), parameter => Assert.True(parameter.requires_grad));
    }

    [Fact]
    public void Each_layer_that_is_asked_for_must_be_there()
    {
        using DecoderModel model = Adapted.Model(Adapted.Llama);
        string message = Assert.Throws<ArgumentException>(() => ModelAdapters.Attach(model, new LoraOptions { Targets = ModuleSelection.Of("q_proj"), Layers = [0, 2] })).Message;
        Assert.Contains("Layers: layer 2 has no module", message, StringComparison.Ordinal);
        Assert.Single(ModelAdapters.Attach(model, new LoraOptions { Targets = ModuleSelection.Of("q_proj"), Layers = [1] }).Views().Keys, key => key.Contains("lora_A", StringComparison.Ordinal));
    }

    [Fact]
    public void Patterns_and_saved_modules_that_match_nothing_are_refused()
    {
        using DecoderModel model = Adapted.Model(Adapted.Llama);
        Assert.Contains("RankPattern: 'k_proj' matches none of the adapted modules", Message(new LoraOptions { RankPattern = new Dictionary<string, int> { ["k_proj"] = 2 } }), StringComparison.Ordinal);
        Assert.Contains("'classifier' is the end of no module's name", Message(new LoraOptions { ModulesToSave = ["classifier"] }), StringComparison.Ordinal);
        Assert.Contains("in layers 7 selects none", Message(new LoraOptions { Layers = [7] }), StringComparison.Ordinal);
        Assert.Contains("no dots", Assert.Throws<ArgumentException>(() => ModelAdapters.Attach(model, new LoraOptions(), "a.b")).Message, StringComparison.Ordinal);
        Assert.Contains("embedding", Assert.Throws<NotSupportedException>(() => ModelAdapters.Attach(model, new Ia3Options { Targets = ModuleSelection.Of("embed_tokens") })).Message, StringComparison.Ordinal);
        Assert.Contains("leave room", Assert.Throws<ArgumentException>(() => ModelAdapters.Attach(model, new PromptTuningOptions { VirtualTokens = 16 })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => ModuleSelection.Matching("(("));
        Assert.DoesNotContain(model.named_parameters(), entry => entry.name.Contains("adapter", StringComparison.Ordinal));

        string Message(AdapterOptions options) => Assert.Throws<ArgumentException>(() => ModelAdapters.Attach(model, options)).Message;
    }

    [Theory]
    [InlineData("self_attn.q_proj", null, null, 2)]
    [InlineData("model.layers.1.self_attn.q_proj", null, null, 1)]
    [InlineData("q_proj,v_proj", 1, null, 2)]
    [InlineData("q_proj,v_proj", 1, "layers", 2)]
    [InlineData("/.*layers\\.0.*_proj", null, null, 7)]
    [InlineData("all", null, null, 14)]
    public void Modules_are_chosen_by_names_patterns_and_layers(string targets, int? layer, string? word, int expected)
    {
        using DecoderModel model = Adapted.Model(Adapted.Llama);
        ModelAdapters adapters = ModelAdapters.Attach(model, new LoraOptions
        {
            Targets = targets == "all" ? ModuleSelection.AllLinear : targets[0] == '/' ? ModuleSelection.Matching(targets[1..]) : ModuleSelection.Of(targets.Split(',')),
            Layers = layer is int number ? [number] : null, LayerWords = word is null ? null : [word],
        });
        Assert.Equal(2 * expected, adapters.Views().Count);
    }
}
