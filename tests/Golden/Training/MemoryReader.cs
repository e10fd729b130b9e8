using System.Text.Json;
using System.Text.Json.Nodes;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Golden.Training;

/// <summary>training/memory.json: parameters of published configurations by kind, from the configuration alone.</summary>
internal sealed class MemoryReader : CaseReader
{
    public override bool Reads(string file) => file.StartsWith("memory", StringComparison.Ordinal);

    public override void Verify(FixtureCase c, Tally tally)
    {
        NativeRuntime.Initialize();
        var json = JsonNode.Parse(c["hf_config"].GetRawText())!.AsObject();
        if (!ModelFamilies.Names.Contains(json["model_type"]!.ToString())) throw new UnsupportedException($"the library does not have the family {json["model_type"]}");
        var config = ModelFamilies.ReadConfig(json);
        var report = Report(c["class"].GetString()!, config, ScalarType.Float32);
        tally.Equal("total", c["total"].GetInt64(), report.Count);
        tally.Equal("bytes in float32", c["bytes_float32"].GetInt64(), report.Bytes);
        tally.Equal("bytes in bfloat16", c["bytes_bfloat16"].GetInt64(), Report(c["class"].GetString()!, config, ScalarType.BFloat16).Bytes);
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
        if (!c["training_bytes_adamw"].IsGiven()) return;
        // Weights, their gradients, and what is remembered of them or of their masters; of the latter there are four bytes a weight besides.
        var remembered = new AdamWOptions().StateBytes([report.Count], ParameterRole.Weight);
        tally.Equal("bytes of training", c["training_bytes_adamw"].GetProperty("fp32").GetInt64(), (2 * report.Bytes) + remembered);
        tally.Equal("bytes of training in bfloat16", c["training_bytes_adamw"].GetProperty("bf16_with_fp32_masters").GetInt64(), (2 * Report(c["class"].GetString()!, config, ScalarType.BFloat16).Bytes) + report.Bytes + remembered);
    }

    private static ParameterReport Report(string name, ModelConfig config, ScalarType dtype)
    {
        bool Is(string ending) => name.EndsWith(ending, StringComparison.Ordinal);
        if (Is("Model") && !Is("LMHeadModel")) return Bare(name, config, dtype);
        ModelHead? head = name switch
        {
            _ when Is("ForMaskedLM") => ModelHead.MaskedToken,
            _ when Is("ForSequenceClassification") => ModelHead.SequenceClassification,
            _ when Is("ForTokenClassification") => ModelHead.TokenClassification,
            _ when Is("ForQuestionAnswering") => ModelHead.QuestionAnswering,
            _ when Is("ForMultipleChoice") => ModelHead.MultipleChoice,
            "ElectraForPreTraining" => ModelHead.ReplacedToken,
            _ when Is("ForCausalLM") || Is("LMHeadModel") || Is("ForConditionalGeneration") || Is("MTModel") => null,
            _ => throw new UnsupportedException($"there is no reader for {name}"),
        };
        return ParameterReport.Of(config, head, dtype);
    }

    /// <summary>A model without a task has its pooler where its family has one, and no head of its own.</summary>
    private static ParameterReport Bare(string name, ModelConfig config, ScalarType dtype)
    {
        try
        {
            using TextEmbedder pooled = new(config.CreateBackboneFor(ModelHead.Embedding, META, dtype), pooling: null);
            return ParameterReport.Of(pooled);
        }
        catch (NotSupportedException)
        {
            var report = ParameterReport.Of(config, null, dtype);
            return report.Kinds.Any(group => group.Kind == WeightKind.Output) ? throw new UnsupportedException($"the library has no {name} without its head") : report;
        }
    }
}
