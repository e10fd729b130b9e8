using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Bert;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Adapters;

public sealed class ModelAdaptersTests
{
    private static readonly LoraOptions AllLinear = new() { Targets = ModuleSelection.AllLinear, Rank = 3, Alpha = 6 };

    public ModelAdaptersTests() => NativeRuntime.Initialize();

    public static TheoryData<string> Kinds => new("lora", "rslora", "dora", "biases", "embedding", "ia3");

    public static TheoryData<string> Families => new(
        "albert/seqcls", "bart/lm", "bert/base", "deberta_v2/seqcls", "distilbert/qa", "electra/discriminator", "gemma3/lm", "gpt2/lm_gelu_inner", "gpt_neox/lm_parallel", "llama/lm_untied_gqa", "marian/mt",
        "modernbert/tokcls", "mpnet/mlm", "phi3/lm_longrope_long", "roberta/mlm", "t5/v1_0");

    [Fact]
    public void A_new_lora_changes_nothing_and_is_all_that_is_trained()
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.Llama);
        Tensor tokens = Adapted.Tokens(2, 6), before = Adapted.Logits(model, tokens);
        ModelAdapters adapters = ModelAdapters.Attach(model, new LoraOptions { Rank = 2 });
        Assert.Equal(0, Adapted.Distance(before, Adapted.Logits(model, tokens)));
        // Queries [16, 16], values [8, 16], in two layers.
        Assert.Equal(2 * ((2 * 32) + (2 * 24)), model.parameters().Where(parameter => parameter.requires_grad).Sum(parameter => parameter.numel()));
        Assert.Equal("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", adapters.Views().Keys.First());
        Assert.Equal((ModelAdapters.DefaultName, ModelAdapters.DefaultName), (adapters.Active, Assert.Single(adapters.Names)));
        Assert.Same(adapters, ModelAdapters.Of(model));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Removed_it_leaves_the_model_to_the_bit_as_it_was(string kind)
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.Gpt2);
        Dictionary<string, byte[]> before = Adapted.Bits(model);
        Tensor tokens = Adapted.Tokens(2, 6), logits = Adapted.Logits(model, tokens);
        ModelAdapters adapters = ModelAdapters.Attach(model, Options(kind));
        Adapted.Disturb(model);
        Assert.NotEqual(0, Adapted.Distance(logits, Adapted.Logits(model, tokens)));
        adapters.Remove(ModelAdapters.DefaultName);
        Assert.Equal(0, Adapted.Distance(logits, Adapted.Logits(model, tokens)));
        AssertSame(before, Adapted.Bits(model));
        Assert.Null(ModelAdapters.Of(model));
        Assert.All(model.parameters(), parameter => Assert.True(parameter.requires_grad));
    }

    [Fact]
    public void Unmerged_after_the_model_was_converted_the_weights_are_back()
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.Gpt2);
        Dictionary<string, byte[]> before = Adapted.Bits(model);
        ModelAdapters adapters = ModelAdapters.Attach(model, new LoraOptions());
        Adapted.Disturb(model);
        adapters.Merge();
        model.to(ScalarType.BFloat16);
        model.to(ScalarType.Float32);
        // What was not merged went through bfloat16.
        string merged = before.Keys.First(name => name.EndsWith("attn.c_attn.weight", StringComparison.Ordinal));
        adapters.Unmerge();
        adapters.Deactivate();
        Assert.Equal(before[merged], Adapted.Bits(model)[merged]);
    }

    [Fact]
    public void Where_no_adapter_moves_training_says_what_to_do()
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.Gpt2);
        ModelAdapters adapters = ModelAdapters.Attach(model, new LoraOptions());
        Trainer trainer = new(model, new NextTokenObjective(), new TrainingOptions { Device = ComputeDevice.Cpu });
        CausalPackedBatches batches = new([[1, 2, 3, 4, 5]], 0, 4, 1, null);
        adapters.Merge();
        Assert.Contains("Unmerge", Assert.Throws<InvalidOperationException>(() => trainer.Train(batches, cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        adapters.Unmerge();
        adapters.Deactivate();
        Assert.Contains("Activate", Assert.Throws<InvalidOperationException>(() => trainer.Train(batches, cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        adapters.Activate(ModelAdapters.DefaultName);
        Assert.Equal(2, trainer.Train(batches, cancellation: TestContext.Current.CancellationToken).Steps);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Merged_it_computes_the_same_and_unmerged_the_weights_are_back(string kind)
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(kind == "embedding" ? Adapted.Llama : Adapted.Gpt2);
        ModelAdapters adapters = ModelAdapters.Attach(model, Options(kind));
        Adapted.Disturb(model);
        Tensor tokens = Adapted.Tokens(2, 6), logits = Adapted.Logits(model, tokens);
        Dictionary<string, byte[]> before = Adapted.Bits(model);
        adapters.Merge();
        Assert.True(adapters.IsMerged);
        Assert.InRange(Adapted.Distance(logits, Adapted.Logits(model, tokens)), 0, 2e-4);
        Assert.Throws<InvalidOperationException>(adapters.Merge);
        Assert.Throws<InvalidOperationException>(() => adapters.Remove(ModelAdapters.DefaultName));
        adapters.Unmerge();
        AssertSame(before, Adapted.Bits(model));
        Assert.Equal(0, Adapted.Distance(logits, Adapted.Logits(model, tokens)));
        adapters.MergeAndRemove();
        Assert.Null(ModelAdapters.Of(model));
        Assert.InRange(Adapted.Distance(logits, Adapted.Logits(model, tokens)), 0, 2e-4);
        Assert.DoesNotContain(model.named_parameters(), entry => entry.name.Contains("adapter", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_linear_layer_of_every_family_takes_an_adapter(string family)
    {
        using IDisposable scope = NewDisposeScope();
        using BackboneModel model = HuggingFaceFolder.LoadBackbone(Path.Combine(AppContext.BaseDirectory, "Fixtures", "models", family));
        Tensor tokens = Adapted.Tokens(2, 5, model.Config.VocabularySize).clamp_min(3);
        ModelAdapters adapters = ModelAdapters.Attach(model, AllLinear);
        int adapted = adapters.Views().Keys.Count(key => key.EndsWith(".lora_A.weight", StringComparison.Ordinal));
        int linear = model.named_modules().Count(entry => entry.module is LlmFineTune.Layers.Linear && entry.name != "head");
        Assert.Equal(linear, adapted);
        Adapted.Disturb(model);
        using IDisposable withoutGradients = no_grad();
        Tensor before = model.ReadTexts(tokens);
        using BackboneModel like = model.CreateLike();
        Assert.Equal(model.named_parameters().Select(entry => entry.name), like.named_parameters().Select(entry => entry.name));
        Assert.Equal(model.named_parameters().Select(entry => entry.parameter.requires_grad), like.named_parameters().Select(entry => entry.parameter.requires_grad));
        adapters.Merge();
        Assert.InRange(Adapted.Distance(before, model.ReadTexts(tokens)), 0, 2e-4 * Math.Max(1, before.abs().max().item<float>()));
    }

    [Fact]
    public void Of_several_adapters_one_is_active_and_trained()
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.Llama);
        Tensor tokens = Adapted.Tokens(2, 6), bare = Adapted.Logits(model, tokens);
        ModelAdapters adapters = ModelAdapters.Attach(model, AllLinear, "one");
        Adapted.Disturb(model, "one", seed: 1);
        Tensor one = Adapted.Logits(model, tokens);
        ModelAdapters.Attach(model, new LoraOptions { Targets = ModuleSelection.Of("v_proj"), ModulesToSave = ["lm_head"] }, "two");
        Adapted.Disturb(model, "two", seed: 2);
        Tensor two = Adapted.Logits(model, tokens);
        Assert.All(model.named_parameters(), entry => Assert.Equal(entry.name.Contains(".two.", StringComparison.Ordinal) || entry.name == "head.weight", entry.parameter.requires_grad));
        adapters.Activate("one");
        Assert.Equal(0, Adapted.Distance(one, Adapted.Logits(model, tokens)));
        adapters.Deactivate();
        Assert.Equal(0, Adapted.Distance(bare, Adapted.Logits(model, tokens)));
        Assert.All(model.parameters(), parameter => Assert.False(parameter.requires_grad));
        adapters.Activate("two");
        Assert.Equal(0, Adapted.Distance(two, Adapted.Logits(model, tokens)));
        adapters.Remove("two");
        Assert.Equal(0, Adapted.Distance(bare, Adapted.Logits(model, tokens)));
        Assert.Equal(["one"], adapters.Names);
        Assert.Contains("'three'", Assert.Throws<ArgumentException>(() => adapters.Activate("three")).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => ModelAdapters.Attach(model, AllLinear, "one"));
    }

    [Theory]
    [InlineData("lora")]
    [InlineData("biases")]
    [InlineData("prompt")]
    [InlineData("prefix")]
    public void Replicas_share_weights_and_their_gradients_add_up(string kind)
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.Gpt2);
        ModelAdapters.Attach(model, Options(kind));
        Adapted.Disturb(model);
        model.train();
        using DecoderModel replica = (DecoderModel)((IReplicable)model).CreateLike();
        using FlatParameters flat = FlatParameters.Adopt(model), shared = flat.ShareWith(replica);
        Tensor tokens = Adapted.Tokens(4, 6);
        Assert.Equal(0, Adapted.Distance(Adapted.Logits(model, tokens), Adapted.Logits(replica, tokens)));
        Loss(model, tokens).backward();
        Tensor whole = flat.Gradients.clone();
        flat.Gradients.zero_();
        Loss(model, tokens.narrow(0, 0, 2)).backward();
        Loss(replica, tokens.narrow(0, 2, 2)).backward();
        Assert.InRange(Adapted.Distance(whole, flat.Gradients + shared.Gradients), 0, 1e-5 * whole.abs().max().item<float>());
        using (no_grad()) flat.Weights.sub_(whole * 0.001);
        Assert.Equal(0, Adapted.Distance(Adapted.Logits(model, tokens), Adapted.Logits(replica, tokens)));

        static Tensor Loss(DecoderModel model, Tensor tokens) => model.Logits(model.Forward(tokens)).square().sum();
    }

    [Fact]
    public void Training_moves_the_adapter_alone_even_when_memory_is_flat()
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.Gpt2);
        Dictionary<string, byte[]> before = Adapted.Bits(model);
        Tensor tokens = Adapted.Tokens(2, 6), bare = Adapted.Logits(model, tokens);
        ModelAdapters adapters = ModelAdapters.Attach(model, new LoraOptions { Bias = LoraBias.All });
        using (FlatParameters flat = FlatParameters.Adopt(model))
        {
            using (no_grad()) flat.Weights.add_(0.01);
        }
        Tensor trained = Adapted.Logits(model, tokens);
        adapters.Deactivate();
        AssertSame(before, Adapted.Bits(model));
        Assert.Equal(0, Adapted.Distance(bare, Adapted.Logits(model, tokens)));
        adapters.Activate(ModelAdapters.DefaultName);
        Assert.Equal(0, Adapted.Distance(trained, Adapted.Logits(model, tokens)));
        Assert.NotEqual(0, Adapted.Distance(bare, trained));
    }

    [Fact]
    public void Dropout_draws_from_the_models_stream()
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.Llama);
        ModelAdapters.Attach(model, AllLinear with { Dropout = 0.5, UsesWeightDecomposition = true });
        Adapted.Disturb(model);
        Tensor tokens = Adapted.Tokens(2, 6), without = Adapted.Logits(model, tokens);
        model.train();
        ((IReplicable)model).Reseed(new RandomStream(5));
        Tensor first = Adapted.Logits(model, tokens), next = Adapted.Logits(model, tokens);
        ((IReplicable)model).Reseed(new RandomStream(5));
        Assert.Equal(0, Adapted.Distance(first, Adapted.Logits(model, tokens)));
        Assert.NotEqual(0, Adapted.Distance(first, next));
        Assert.NotEqual(0, Adapted.Distance(first, without));
    }

    [Fact]
    public void A_classifiers_new_head_is_trained_with_the_adapter()
    {
        using IDisposable scope = NewDisposeScope();
        BertConfig config = new() { VocabularySize = 29, MaximumLength = 16, Width = 16, Layers = 1, Heads = 2, InnerWidth = 20 };
        using SequenceClassifier model = new(config.CreateEncoder(), ["a", "b"]);
        model.Backbone.Initialize(new RandomStream(1));
        model.InitializeHead(new RandomStream(2));
        ModelAdapters adapters = ModelAdapters.Attach(model, new LoraOptions { Targets = ModuleSelection.AllLinear });
        Assert.Contains("base_model.model.classifier.bias", adapters.Views().Keys);
        Assert.Contains("base_model.model.bert.pooler.dense.lora_A.weight", adapters.Views().Keys);
        Assert.DoesNotContain("base_model.model.classifier.lora_A.weight", adapters.Views().Keys);
        ParameterReport report = ParameterReport.Of(model);
        ParameterGroup added = report.Kinds.Single(kind => kind.Kind == WeightKind.Adapter);
        Assert.Equal((added.Count, added.Count + 34), (added.TrainableCount, report.TrainableCount));
        Assert.Contains(report.Groups, group => group is { Kind: WeightKind.Adapter, Layer: 0 });
    }

    [Fact]
    public void A_tied_head_is_adapted_apart_from_its_embedding()
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.TiedLlama);
        Tensor tokens = Adapted.Tokens(2, 6), hidden = model.Forward(tokens);
        ModelAdapters adapters = ModelAdapters.Attach(model, new LoraOptions { Targets = ModuleSelection.Of("lm_head") });
        Adapted.Disturb(model);
        Assert.Equal(0, Adapted.Distance(hidden, model.Forward(tokens)));
        Assert.NotEqual(0, Adapted.Distance(model.Logits(hidden), nn.functional.linear(hidden, ModelWeights.Views(model)["model.embed_tokens.weight"])));
        Assert.Contains("embedding and output head at once", Assert.Throws<NotSupportedException>(adapters.Merge).Message, StringComparison.Ordinal);
        adapters.Remove(ModelAdapters.DefaultName);
        ModelAdapters.Attach(model, new LoraOptions { ModulesToSave = ["lm_head"] });
        Assert.Equal(29 * 16, ModelAdapters.Of(model)!.Views()["base_model.model.lm_head.weight"].numel());
    }

    [Fact]
    public void A_model_with_an_active_adapter_is_not_written_as_if_it_had_none()
    {
        using DecoderModel model = Adapted.Model(Adapted.Llama);
        ModelAdapters adapters = ModelAdapters.Attach(model, AllLinear);
        using MemoryStream stream = new();
        Assert.Contains("MergeAndRemove", Assert.Throws<InvalidOperationException>(() => ModelWeights.Write(stream, model)).Message, StringComparison.Ordinal);
        adapters.Merge();
        ModelWeights.Write(stream, model);
        Assert.NotEqual(0, stream.Length);
    }

    [Fact]
    public void The_learning_rate_of_B_is_given_by_name()
    {
        using DecoderModel model = Adapted.Model(Adapted.Llama);
        ModelAdapters adapters = ModelAdapters.Attach(model, AllLinear with { OutputLearningRateFactor = 16 });
        Assert.Equal(14, adapters.LearningRateFactors.Count);
        Assert.All(adapters.LearningRateFactors, entry => Assert.Equal((true, 16), (entry.Key.EndsWith(".adapter.default.matrixB", StringComparison.Ordinal), entry.Value)));
        HashSet<string> trained = [.. FlatParameters.Adopt(model).Entries.Select(entry => entry.Name)];
        Assert.All(adapters.LearningRateFactors.Keys, name => Assert.Contains(name, trained));
    }

    internal static AdapterOptions Options(string kind) => kind switch
    {
        "lora" => AllLinear,
        "rslora" => AllLinear with { UsesRankStabilization = true, RankPattern = new Dictionary<string, int> { [@"(h|layers)\.0\..*"] = 5 } },
        "dora" => AllLinear with { UsesWeightDecomposition = true },
        "biases" => AllLinear with { Bias = LoraBias.All, HasOutputBias = true },
        "embedding" => new LoraOptions { Targets = ModuleSelection.Matching(@".*(wte|wpe|embed_tokens|proj)") },
        "ia3" => new Ia3Options(),
        "prompt" => new PromptTuningOptions { VirtualTokens = 3 },
        "prefix" => new PrefixTuningOptions { VirtualTokens = 3 },
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private static void AssertSame(Dictionary<string, byte[]> before, Dictionary<string, byte[]> after) => Assert.All(before, entry => Assert.Equal(entry.Value, after[entry.Key]));
}
