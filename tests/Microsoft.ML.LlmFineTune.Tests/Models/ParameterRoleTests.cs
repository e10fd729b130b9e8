using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.T5;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

public sealed class ParameterRoleTests
{
    public ParameterRoleTests() => NativeRuntime.Initialize();

    /// <summary>Which weights the reference's Trainer decays, model by model.</summary>
    [Theory]
    [InlineData("gpt2_causal")]
    [InlineData("bert_classification")]
    [InlineData("t5_adafactor")]
    public void Decay_spares_what_the_reference_spares(string run)
    {
        string folder = SharedFixtures.Path($"golden/training/finetune/{run}/start");
        using nn.Module model = run switch
        {
            "gpt2_causal" => HuggingFaceFolder.LoadDecoder(folder),
            "bert_classification" => HuggingFaceFolder.LoadClassifier(folder),
            _ => HuggingFaceFolder.LoadEncoderDecoder(folder),
        };
        using FlatParameters flat = FlatParameters.Adopt(model);
        using FlatOptimizer optimizer = new AdamWOptions { WeightDecay = 0.1, Decays = WeightDecayScope.AllButBiasesAndNorms }.Create(flat);
        Dictionary<string, string> files = ((ICheckpointModel)model).WeightNames.DistinctBy(name => name.Parameter).ToDictionary(name => name.Parameter, name => name.File, StringComparer.Ordinal);
        HashSet<string> decayed = optimizer.Ranges.Where(range => range.WeightDecay > 0).SelectMany(range => range.Entries).Select(entry => files[entry.Name]).ToHashSet(StringComparer.Ordinal);
        JsonArray groups = SharedFixtures.Json($"golden/training/finetune/{run}/trajectory.json")["optimizer_groups"]!.AsArray();
        Assert.Equal(groups[0]!["parameters"]!.AsArray().Select(name => (string)name!).Order(StringComparer.Ordinal), decayed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_table_of_relative_positions_is_a_bias_and_a_norms_weight_is_none_of_the_matrices()
    {
        using EncoderDecoderModel model = (EncoderDecoderModel)ModelFamilies.ReadConfig(JsonNode.Parse("""{ "model_type": "t5", "vocab_size": 20, "d_model": 8, "d_kv": 4, "d_ff": 16, "num_layers": 1, "num_heads": 2 }""")!.AsObject()).CreateBackbone();
        using FlatParameters flat = FlatParameters.Adopt(model);
        IParameterRoles roles = model;
        Dictionary<string, ParameterRole> byFile = model.WeightNames.DistinctBy(name => name.Parameter).ToDictionary(name => name.File, name => flat.Entries.Single(entry => entry.Name == name.Parameter).Role, StringComparer.Ordinal);
        Assert.Equal(ParameterRole.Bias, byFile["encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"]);
        Assert.Equal(ParameterRole.Normalization, byFile["encoder.final_layer_norm.weight"]);
        Assert.Equal(ParameterRole.Embedding, byFile["shared.weight"]);
        Assert.Equal(ParameterRole.Weight, byFile["encoder.block.0.layer.0.SelfAttention.q.weight"]);
        Assert.Null(roles.RoleOf("elsewhere"));
    }
}
