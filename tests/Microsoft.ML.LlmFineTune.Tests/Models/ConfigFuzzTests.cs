using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Bert;
using Microsoft.ML.LlmFineTune.Models.Recurrent;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Checkpoints;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

/// <summary>Damaged configurations of every family end in a model that computes, or in an error that says what is wrong: never in another exception.</summary>
public sealed class ConfigFuzzTests
{
    private const int Damages = 6;

    // Values are cut to 200 characters; a message may show two of them, and lists what is known.
    private const int LongestMessage = 900;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    public ConfigFuzzTests() => NativeRuntime.Initialize();

    [Fact]
    public void A_family_that_is_not_there_is_refused_by_name_and_the_others_are_listed()
    {
        string message = Assert.Throws<InvalidDataException>(() => ModelFamilies.ReadConfig(new JsonObject { ["model_type"] = "opt", ["hidden_size"] = 768 })).Message;
        Assert.StartsWith("config.json: the model family 'opt' is not supported; supported are ", message, StringComparison.Ordinal);
        Assert.All(ModelFamilies.Names, name => Assert.Contains(name, message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_damaged_configuration_is_a_model_or_an_error_with_its_name()
    {
        int models = 0, errors = 0;
        foreach (string file in Directory.GetFiles(SharedFixtures.Path("golden/models"), "config*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            string whole = File.ReadAllText(file);
            if (JsonNode.Parse(whole)!["model_type"] is null) continue;
            for (int seed = 0; seed < Damages; seed++)
            {
                if (Damaged(new Mutations((file.Length * 1000) + seed), whole) is not JsonObject json) continue;
                try
                {
                    ModelConfig config = ModelFamilies.ReadConfig(json);
                    models++;
                    string written = config.ToJson(ModelHead.None).ToJsonString();
                    Assert.Equal(written, ModelFamilies.ReadConfig(JsonNode.Parse(written)!.AsObject()).ToJson(ModelHead.None).ToJsonString());
                    if (config.MatrixNumbers < 1e6 && config.StoredLayers < 40) Compute(config);
                }
                catch (InvalidDataException error)
                {
                    Assert.StartsWith("config.json: ", error.Message, StringComparison.Ordinal);
                    Assert.True(error.Message.Length < LongestMessage, $"{file}, seed {seed}: {error.Message}");
                    errors++;
                }
                catch (Exception error) when (error is not Xunit.Sdk.IAssertionException)
                {
                    Assert.Fail($"{file}, seed {seed}: {error}");
                }
            }
        }
        // Both happen, or the damages are of no use.
        Assert.True(models > 100 && errors > 100, $"{models} models, {errors} errors");
    }

    [Theory]
    [InlineData("gemma3_text", """ "rope_parameters": {"full_attention": 3, "sliding_attention": {}} """, "'full_attention' of 'rope_parameters' must be an object; found 3.")]
    [InlineData("modernbert", """ "num_attention_heads": 2147483647 """, "Width must be a multiple of twice Heads")]
    [InlineData("modernbert", """ "vocab_size": 64 """, "Padding must be at least 0 and less than 64; received 50283.")]
    [InlineData("deberta-v2", """ "pad_token_id": 200000 """, "Padding must be at least 0 and less than 128100; received 200000.")]
    [InlineData("recurrent", """ "hidden_size": 2147483647 """, "HiddenWidth must be")]
    public void What_cannot_be_is_named(string family, string keys, string expected) =>
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => ModelFamilies.ReadConfig(JsonNode.Parse($"{{\"model_type\": \"{family}\", {keys}}}")!.AsObject())).Message, StringComparison.Ordinal);

    [Fact]
    public void Layers_as_wide_as_numbers_go_are_counted_without_overflow()
    {
        RecurrentConfig wide = new() { HiddenWidth = int.MaxValue / 2, Layers = 3 };
        wide.Validate();
        Assert.True(wide.MatrixNumbers > 1e19);
    }

    [Fact]
    public void Two_labels_of_one_name_are_written()
    {
        JsonObject json = (new BertConfig() with { Labels = ["a", "b", "a"] }).ToJson(ModelHead.SequenceClassification);
        Assert.Equal(["a", "b", "a"], ModelFamilies.ReadConfig(json).Labels);
        Assert.Equal(2, (int)json["label2id"]!["a"]!);
    }

    private static JsonObject? Damaged(Mutations mutations, string json)
    {
        try
        {
            JsonObject? damaged = JsonNode.Parse(mutations.OfJson(json), documentOptions: Strict) as JsonObject;
            _ = JsonSerializer.SerializeToElement(damaged);
            return damaged;
        }
        // Files are refused for that before they are configurations.
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static void Compute(ModelConfig config)
    {
        using IDisposable scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        using BackboneModel model = config.CreateBackbone();
        Assert.True(config.MatrixNumbers <= model.ParameterCount);
        model.Initialize(new RandomStream(1));
        model.eval();
        if (config.VocabularySize < 6 || (model is EncoderDecoderModel && config.Padding is null)) return;
        Assert.Equal(3, model.ReadTexts(tensor([1L, 2, 3, 4, 5], [1, 5]).narrow(1, 0, Math.Min(5, config.MaximumLength))).dim());
    }
}
