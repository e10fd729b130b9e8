using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace Golden.Exchange;

/// <summary>A folder that the library wrote, and what goes into and comes out of the model in it: exchange.json and exchange.safetensors, with which another implementation can be asked for the same.</summary>
internal static class ExchangeFolder
{
    private const string Description = "exchange.json";
    private const string Tensors = "exchange.safetensors";

    /// <summary>Writes what a model is to be asked, beside its files.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="inputs">The batch, by the names of transformers' arguments.</param>
    /// <param name="expected">What comes out, by the names of transformers' outputs.</param>
    /// <param name="more">What else there is to know.</param>
    public static void Describe(string folder, IEnumerable<KeyValuePair<string, Tensor>> inputs, IEnumerable<KeyValuePair<string, Tensor>> expected, JsonObject? more = null)
    {
        // Contiguous: what is written may be a view.
        SafeTensors.Write(Path.Combine(folder, Tensors), inputs.Select(entry => ($"inputs.{entry.Key}", entry.Value)).Concat(expected.Select(entry => ($"expected.{entry.Key}", entry.Value))).ToDictionary(entry => entry.Item1, entry => entry.Value.contiguous()));
        Describe(folder, more ?? []);
    }

    /// <summary>Writes what there is to know of a folder without a batch.</summary>
    public static void Describe(string folder, JsonObject description) => File.WriteAllText(Path.Combine(folder, Description), description.ToJsonString());
}
