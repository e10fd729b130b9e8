using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Golden.Exchange;

/// <summary>A folder's model, loaded as what its config.json says.</summary>
internal static class ExchangeModel
{
    public static nn.Module Load(string folder)
    {
        string architecture = (string)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!["architectures"]![0]!;
        return architecture switch
        {
            _ when Ends("ForSequenceClassification") => HuggingFaceFolder.LoadClassifier(folder),
            _ when Ends("ForTokenClassification") => HuggingFaceFolder.LoadTokenClassifier(folder),
            _ when Ends("ForQuestionAnswering") => HuggingFaceFolder.LoadQuestionAnswering(folder),
            _ when Ends("ForMultipleChoice") => HuggingFaceFolder.LoadMultipleChoice(folder),
            _ when Ends("ForMaskedLM") => HuggingFaceFolder.LoadMaskedLanguageModel(folder),
            _ when Ends("ForPreTraining") => HuggingFaceFolder.LoadReplacedTokenDetector(folder),
            _ when Ends("ForConditionalGeneration", "MTModel") => HuggingFaceFolder.LoadEncoderDecoder(folder),
            _ when Ends("ForCausalLM", "LMHeadModel") => HuggingFaceFolder.LoadDecoder(folder),
            // A bare model has the family's pooler or is none with one.
            _ when SafeTensors.Read(Path.Combine(folder, "model.safetensors")).Keys.Any(name => name.Contains("pooler", StringComparison.Ordinal)) => HuggingFaceFolder.LoadTextEmbedder(folder, pooling: null),
            _ => HuggingFaceFolder.LoadTextEmbedder(folder),
        };

        bool Ends(params string[] endings) => endings.Any(ending => architecture.EndsWith(ending, StringComparison.Ordinal));
    }

    public static void Copy(string folder, string copy, long maximumShardBytes)
    {
        using nn.Module model = Load(folder);
        Save(copy, model, maximumShardBytes);
    }

    public static void Save(string folder, nn.Module module, long maximumShardBytes = long.MaxValue)
    {
        switch (module)
        {
            case SequenceClassifier model: Write(model); break;
            case TokenClassifier model: Write(model); break;
            case QuestionAnsweringModel model: Write(model); break;
            case MultipleChoiceModel model: Write(model); break;
            case MaskedLanguageModel model: Write(model); break;
            case ReplacedTokenDetector model: Write(model); break;
            case TextEmbedder model: Write(model); break;
            case BackboneModel model: Write(model); break;
            default: throw new NotSupportedException($"{module.GetType().Name} has no folder.");
        }

        void Write<TModel>(TModel model) where TModel : nn.Module, ICheckpointModel => HuggingFaceFolder.Save(folder, model, maximumShardBytes: maximumShardBytes);
    }

    /// <summary>What comes out of the model for a batch, by the names of transformers' outputs.</summary>
    public static Dictionary<string, Tensor> Outputs(nn.Module module, IReadOnlyDictionary<string, Tensor> inputs)
    {
        using var noGradients = no_grad();
        Tensor tokens = inputs["input_ids"], mask = inputs["attention_mask"].to(ScalarType.Bool);
        module.eval();
        switch (module)
        {
            case SequenceClassifier model: return Logits(model.Forward(tokens, mask));
            case TokenClassifier model: return Logits(model.Forward(tokens, mask));
            case MultipleChoiceModel model: return Logits(model.Forward(tokens, mask));
            case MaskedLanguageModel model: return Logits(model.Forward(tokens, mask));
            case ReplacedTokenDetector model: return Logits(model.Forward(tokens, mask));
            case DecoderModel model: return Logits(model.Logits(model.Forward(tokens, mask)));
            case EncoderDecoderModel model: return Logits(model.Logits(model.Decode(inputs["decoder_input_ids"], model.Encode(tokens, mask), mask)));
            case QuestionAnsweringModel model:
                var (start, end) = model.Forward(tokens, mask);
                return new() { ["start_logits"] = start, ["end_logits"] = end };
            case TextEmbedder model:
                Tensor hidden = model.Backbone.ReadTexts(tokens, mask);
                return model.Pooling is null ? new() { ["last_hidden_state"] = hidden, ["pooler_output"] = model.HeadModule.Forward(hidden, tokens, mask) } : new() { ["last_hidden_state"] = hidden };
            default: throw new NotSupportedException($"{module.GetType().Name} is not asked for anything.");
        }

        static Dictionary<string, Tensor> Logits(Tensor logits) => new() { ["logits"] = logits };
    }
}
