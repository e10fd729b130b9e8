using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Models.Bert;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Models.Llama;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace Golden.Exchange;

/// <summary>Folders that fitted estimators write: a trained tokenizer, a pretrained, a fine-tuned, a generating and an embedding transformer.</summary>
internal static class FittedTasks
{
    private const int Epochs = 2;
    private static readonly string[] Classes = ["fruit", "car", "weather"];
    private static readonly string[][] Words = [["apple", "pear", "plum", "ripe", "sweet"], ["engine", "wheel", "brake", "gear", "loud"], ["rain", "cloud", "storm", "wind", "grey"]];
    private static readonly string[] Asked = ["A ripe apple, and a sweet pear.", "wheel", "The storm's wind was loud — déjà vu 🍐!", "  two  spaces and <|endoftext|> inside"];

    public static void Write(string target)
    {
        MLContext ml = new(seed: 1);
        IDataView data = ml.Data.LoadFromEnumerable(Rows());
        IEstimator<ITransformer> labels = ml.Transforms.Conversion.MapValueToKey("Label", nameof(Row.Class));
        IDataView keyed = labels.Fit(data).Transform(data);
        foreach ((string name, TextModel model) in Models())
        {
            string Folder(string task) => Path.Combine(target, "fitted", $"{name}-{task}");
            model.Save(Folder("model"));
            Describe(Folder("model"), model.Tokenizer);
            TextClassificationOptions options = new() { Epochs = Epochs, BatchSize = 8, LearningRate = 5e-3, Device = ComputeDevice.Cpu };
            foreach ((string kind, AdapterOptions? adapter) in (IEnumerable<(string, AdapterOptions?)>)[("classifier", null), ("classifier-lora", new LoraOptions()), ("classifier-prompt", new PromptTuningOptions())])
            {
                ml.MulticlassClassification.Trainers.FineTuneLanguageModel(model, options with { Adapter = adapter }).Fit(keyed).SaveFolder(Folder(kind));
                Describe(Folder(kind), model.Tokenizer, kind == "classifier-prompt");
            }
            ml.Transforms.Text.EmbedText(model).Fit(data).SaveFolder(Folder("embedder"));
            Describe(Folder("embedder"), model.Tokenizer);
            if (model is not LanguageModel language) continue;
            var pretrained = ml.LanguageModels.PretrainCausalLanguageModel(language, new CausalPretrainingOptions { Epochs = Epochs, BatchSize = 8, Device = ComputeDevice.Cpu }).Fit(data);
            pretrained.SaveFolder(Folder("pretrained"));
            Describe(Folder("pretrained"), model.Tokenizer);
            ml.LanguageModels.GenerateText(pretrained.Model, "Text", maximumNewTokens: 6).Fit(data).SaveFolder(Folder("generator"));
            Describe(Folder("generator"), model.Tokenizer);
        }
    }

    /// <summary>Published models, read with their tokenizers and saved again.</summary>
    /// <param name="target">Where all goes.</param>
    /// <param name="models">Their names and folders; those that are not there are passed over.</param>
    public static void Copy(string target, IReadOnlyDictionary<string, string> models)
    {
        foreach ((string name, string folder) in models.Where(model => Directory.Exists(model.Value)))
        {
            string copy = Path.Combine(target, "published", name);
            if (!File.Exists(Path.Combine(folder, "tokenizer.json")))
            {
                ExchangeModel.Copy(folder, copy, long.MaxValue);
                using var scope = NewDisposeScope();
                Tensor tokens = arange(3, 40, dtype: ScalarType.Int64).unsqueeze(0);
                Dictionary<string, Tensor> inputs = new() { ["input_ids"] = tokens, ["attention_mask"] = ones_like(tokens) };
                using nn.Module model = ExchangeModel.Load(copy);
                ExchangeFolder.Describe(copy, inputs, ExchangeModel.Outputs(model, inputs));
                continue;
            }
            using TextEncoder encoder = TextEncoder.Load(folder);
            encoder.Save(copy);
            Describe(copy, encoder.Tokenizer);
        }
    }

    private static IEnumerable<(string, TextModel)> Models()
    {
        string[] texts = [.. Rows().Select(row => row.Text)];
        TokenizerModel bytes = TokenizerRecipe.Gpt2(320).Train(texts), pieces = TokenizerRecipe.Llama(300).Train(texts), words = TokenizerRecipe.BertUncased(160).Train(texts), cased = TokenizerRecipe.BertCased(160).Train(texts);
        yield return ("gpt2", LanguageModel.Create(bytes, Gpt2Presets.Tiny(bytes.VocabularySize)));
        yield return ("llama-bytes", LanguageModel.Create(bytes, LlamaPresets.Tiny(bytes.VocabularySize)));
        yield return ("llama", LanguageModel.Create(pieces, LlamaPresets.Tiny(pieces.VocabularySize)));
        yield return ("bert", TextEncoder.Create(words, BertPresets.Tiny(words.VocabularySize)));
        yield return ("bert-cased", TextEncoder.Create(cased, BertPresets.Tiny(cased.VocabularySize)));
    }

    private static IReadOnlyList<Row> Rows()
    {
        RandomStream random = new(1);
        return [.. Enumerable.Range(0, 60).Select(row => new Row
        {
            Text = string.Join(' ', Enumerable.Range(0, 3 + random.NextInt32(6)).Select(_ => Words[row % Classes.Length][random.NextInt32(5)])), Class = Classes[row % Classes.Length],
        })];
    }

    /// <summary>The texts' ids, and what the folder's model makes of the first of them. With virtual tokens the weights alone are another model, which is not asked.</summary>
    private static void Describe(string folder, TokenizerAdapter tokenizer, bool hasVirtualTokens = false)
    {
        using var scope = NewDisposeScope();
        var own = (TokenizerModel)tokenizer.Tokenizer;
        JsonObject more = new()
        {
            ["texts"] = new JsonArray([.. Asked.Select(text => (JsonNode)text)]),
            ["ids"] = new JsonArray([.. Asked.Select(text => (JsonNode)new JsonArray([.. own.Encode(text, new() { AddSpecialTokens = true }).Ids.Select(id => (JsonNode)id)]))]),
            ["decoded"] = new JsonArray([.. Asked.Select(text => (JsonNode)own.Decode(own.Encode(text, new() { AddSpecialTokens = true }).Ids, skipSpecialTokens: true))]),
        };
        if (hasVirtualTokens)
        {
            ExchangeFolder.Describe(folder, more);
            return;
        }
        Tensor tokens = tensor([.. own.Encode(Asked[0], new() { AddSpecialTokens = true }).Ids.Select(id => (long)id)]).unsqueeze(0);
        Dictionary<string, Tensor> inputs = new() { ["input_ids"] = tokens, ["attention_mask"] = ones_like(tokens) };
        using nn.Module model = ExchangeModel.Load(folder);
        ExchangeFolder.Describe(folder, inputs, ExchangeModel.Outputs(model, inputs), more);
    }

    /// <summary>A text and its class.</summary>
    private sealed class Row
    {
        public string Text { get; set; } = "";

        public string Class { get; set; } = "";
    }
}
