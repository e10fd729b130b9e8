using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

/// <summary>A tiny checkpoint with the numbers that the reference stack (transformers on torch) computes on it.</summary>
internal sealed class GoldenModel
{
    private GoldenModel(string folder)
    {
        NativeRuntime.Initialize();
        Folder = folder;
        Inputs = SafeTensors.Read(Path.Combine(folder, "inputs.safetensors"));
        Expected = SafeTensors.Read(Path.Combine(folder, "expected.safetensors"));
        Numbers = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "expected.json")))!;
    }

    public string Folder { get; }

    public IReadOnlyDictionary<string, Tensor> Inputs { get; }

    public IReadOnlyDictionary<string, Tensor> Expected { get; }

    public JsonNode Numbers { get; }

    /// <summary>[batch, sequence] bool.</summary>
    public Tensor Mask => Inputs["attention_mask"].to(ScalarType.Bool);

    /// <summary>A case by its path, from the tests' own fixtures or from the shared ones.</summary>
    public static GoldenModel Of(string path)
    {
        string own = Path.Combine(AppContext.BaseDirectory, "Fixtures", "models", path);
        return new GoldenModel(Directory.Exists(own) ? own : SharedFixtures.Path($"golden/models/{path}"));
    }

    /// <summary>Demands equality within an absolute tolerance, where the mask is true (all, where there is none).</summary>
    public static void AssertClose(string name, Tensor expected, Tensor actual, double tolerance, Tensor? mask = null)
    {
        Assert.Equal(expected.shape, actual.shape);
        Tensor difference = (expected - actual.detach()).abs();
        if (mask is not null) difference = difference.mul(mask.to(ScalarType.Float32).unsqueeze(-1));
        double largest = difference.max().item<float>();
        Assert.True(largest <= tolerance, $"{name}: largest difference {largest:g3}, allowed {tolerance:g3}");
    }
}
