using System.Text.Json;
using System.Text.Json.Nodes;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Golden.Training;

/// <summary>training/memory.json: parameters of published configurations by kind, from the configuration alone.</summary>
internal sealed class MemoryReader : CaseReader
{
    public override bool Reads(string file) => file == "memory.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        NativeRuntime.Initialize();
        var json = JsonNode.Parse(c["hf_config"].GetRawText())!.AsObject();
        if (!ModelFamilies.Names.Contains(json["model_type"]!.ToString())) throw new UnsupportedException($"the library does not have the family {json["model_type"]}");
        ModelHead? head = c["class"].GetString() switch
        {
            { } name when name.EndsWith("ForMaskedLM", StringComparison.Ordinal) => ModelHead.MaskedToken,
            { } name when name.EndsWith("ForSequenceClassification", StringComparison.Ordinal) => ModelHead.SequenceClassification,
            _ => null,
        };
        var config = ModelFamilies.ReadConfig(json);
        var report = ParameterReport.Of(config, head);
        tally.Equal("total", c["total"].GetInt64(), report.Count);
        tally.Equal("bytes in float32", c["bytes_float32"].GetInt64(), report.Bytes);
        tally.Equal("bytes in bfloat16", c["bytes_bfloat16"].GetInt64(), ParameterReport.Of(config, head, ScalarType.BFloat16).Bytes);
        foreach (var kind in c["by_kind"].EnumerateObject())
        {
            WeightKind? ours = kind.Name switch
            {
                "embedding" => WeightKind.Embedding,
                "position" => WeightKind.Position,
                "attention" => WeightKind.Attention,
                "feed_forward" => WeightKind.FeedForward,
                "norm" => WeightKind.Normalization,
                "output_head" => WeightKind.Output,
                _ => null,
            };
            tally.Equal(kind.Name, kind.Value.GetInt64(), report.Kinds.Where(group => group.Kind == ours).Sum(group => group.Count));
        }
    }
}
