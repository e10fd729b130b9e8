using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Checkpoints;

/// <summary>The tensors of a file against those of a model, and what a load reports.</summary>
public sealed class WeightPairingTests : IDisposable
{
    private readonly Gpt2Model _model = new(new Gpt2Config { VocabularySize = 11, MaximumLength = 8, Width = 8, Layers = 2, Heads = 2 });

    public WeightPairingTests() => _model.Initialize(new RandomStream(5));

    public void Dispose() => _model.Dispose();

    [Fact]
    public void All_that_does_not_fit_is_in_one_message()
    {
        string message = Refused(tensors =>
        {
            tensors.Remove("transformer.wpe.weight");
            tensors.Remove("transformer.h.1.mlp.c_fc.bias");
            tensors["transformer.wte.weight"] = zeros(12, 8);
            tensors["transformer.h.0.ln_1.weight"] = zeros(4, 2);
            tensors["transformer.h.2.ln_1.weight"] = zeros(8);
            // The same tensor once more, under the name that the oldest checkpoints have: no fault.
            tensors["ln_f.bias"] = zeros(8);
            tensors["transformer.ln_f.weight"] = zeros([8], dtype: ScalarType.Int8);
        });
        Assert.StartsWith("'the file' does not hold the weights", message, StringComparison.Ordinal);
        Assert.Contains("Missing: 'transformer.h.1.mlp.c_fc.bias' [32], 'transformer.wpe.weight' [8, 8].", message, StringComparison.Ordinal);
        Assert.Contains("'transformer.wte.weight' is [12, 8] where the model needs [11, 8]", message, StringComparison.Ordinal);
        Assert.Contains("'transformer.h.0.ln_1.weight' is [4, 2] where the model needs [8]", message, StringComparison.Ordinal);
        Assert.Contains("Not of the model: 'transformer.h.2.ln_1.weight' [8].", message, StringComparison.Ordinal);
        Assert.DoesNotContain("ln_f.bias", message, StringComparison.Ordinal);
        Assert.Contains("'transformer.ln_f.weight' (I8)", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Long_lists_are_cut_and_the_rest_is_counted()
    {
        string message = Refused(tensors =>
        {
            foreach (string name in tensors.Keys.Where(name => name.Contains(".h.", StringComparison.Ordinal)).ToList()) tensors.Remove(name);
        });
        Assert.Contains("and 16 more.", message, StringComparison.Ordinal);
        Assert.Equal(8, message.Split("'transformer.h.").Length - 1);
    }

    [Fact]
    public void A_model_that_does_not_get_all_its_weights_gets_none()
    {
        float before = ModelWeights.Views(_model)["transformer.wte.weight"][0, 0].item<float>();
        Refused(tensors =>
        {
            tensors["transformer.wte.weight"] = zeros(11, 8);
            tensors.Remove("transformer.ln_f.bias");
        });
        Assert.Equal(before, ModelWeights.Views(_model)["transformer.wte.weight"][0, 0].item<float>());
    }

    [Fact]
    public void A_clean_load_has_nothing_to_report()
    {
        LoadReport report = Load(tensors => tensors["transformer.h.0.attn.bias"] = ones([1, 1, 8, 8]));
        Assert.Empty(report.Warnings);
        Assert.Equal(["transformer.h.0.attn.bias"], report.Unused);
        Assert.Equal(28, Assert.Single(report.FileTypes).Value);
    }

    [Fact]
    public void Mixed_types_are_read_and_reported()
    {
        LoadReport report = Load(tensors =>
        {
            tensors["transformer.wte.weight"] = tensors["transformer.wte.weight"].to(ScalarType.BFloat16);
            tensors["transformer.wpe.weight"] = tensors["transformer.wpe.weight"].to(ScalarType.Float64);
        });
        Assert.Equal("'the file' mixes types (tensors: 26 F32, 1 F64, 1 BF16); all were read as Float32.", Assert.Single(report.Warnings));
    }

    [Fact]
    public void Weights_that_are_not_finite_are_reported_by_name()
    {
        LoadReport report = Load(tensors =>
        {
            tensors["transformer.wte.weight"] = tensors["transformer.wte.weight"].clone();
            tensors["transformer.wte.weight"][1].fill_(double.NaN);
            tensors["transformer.h.1.attn.c_attn.weight"] = full([8, 24], double.PositiveInfinity);
            // Skipped, so nobody minds.
            tensors["transformer.h.1.attn.masked_bias"] = tensor(float.NegativeInfinity);
        });
        Assert.Equal(["'transformer.wte.weight' (8 of 88)", "'transformer.h.1.attn.c_attn.weight' (192 of 192)"], report.NonFinite.OrderBy(found => found.Total).Select(found => found.ToString()));
        string warning = Assert.Single(report.Warnings);
        Assert.Contains("in 2 of 28 tensors", warning, StringComparison.Ordinal);
        Assert.Contains("'transformer.wte.weight' (8 of 88)", warning, StringComparison.Ordinal);
    }

    private string Refused(Action<Dictionary<string, Tensor>> change) => Assert.Throws<InvalidDataException>(() => Load(change)).Message;

    private LoadReport Load(Action<Dictionary<string, Tensor>> change)
    {
        Dictionary<string, Tensor> tensors = ModelWeights.Views(_model);
        change(tensors);
        using MemoryStream stream = new();
        SafeTensors.Write(stream, tensors);
        stream.Position = 0;
        return ModelWeights.Read(stream, stream.Length, "the file", _model);
    }
}
