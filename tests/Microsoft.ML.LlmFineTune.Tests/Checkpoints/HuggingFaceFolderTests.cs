using System.IO.Compression;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Checkpoints.Peft;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.T5;
using Microsoft.ML.LlmFineTune.Models.Llama;
using Microsoft.ML.LlmFineTune.Models.Gemma;
using Microsoft.ML.LlmFineTune.Layers.Rotary;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Models;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Checkpoints;

public sealed class HuggingFaceFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public HuggingFaceFolderTests() => NativeRuntime.Initialize();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("gpt2/lm_gelu_inner")]
    [InlineData("gpt2/lm_untied")]
    public void ADecoderIsWrittenAsItWasRead(string path)
    {
        GoldenModel golden = GoldenModel.Of(path);
        using DecoderModel model = HuggingFaceFolder.LoadDecoder(golden.Folder);
        HuggingFaceFolder.Save(_folder, model);
        AssertSameTensors(golden.Folder, _folder);
        AssertSameConfig(golden.Folder, _folder);
        Assert.Equal((int)golden.Numbers["eos_token_id_for_generation"]!, Assert.Single(HuggingFaceFolder.ReadConfig(_folder).EndOfText));
        Assert.Equal((long)golden.Numbers["parameters_total"]!, model.ParameterCount);
        Assert.Equal(model.ParameterCount, model.Config.CountParameters());
    }

    [Fact]
    public void AClassifierIsWrittenAsItWasRead()
    {
        GoldenModel golden = GoldenModel.Of("gpt2/seqcls");
        using SequenceClassifier model = HuggingFaceFolder.LoadClassifier(golden.Folder);
        HuggingFaceFolder.Save(_folder, model);
        AssertSameTensors(golden.Folder, _folder);
        AssertSameConfig(golden.Folder, _folder);
        Assert.Equal(["LABEL_0", "LABEL_1", "LABEL_2"], model.Labels);
        // Its decoder can be had alone.
        using DecoderModel decoder = HuggingFaceFolder.LoadDecoder(_folder);
        Assert.Equal(model.Backbone.ParameterCount, decoder.ParameterCount);
    }

    [Fact]
    public void ATokenClassifierIsWrittenAsItWasRead()
    {
        GoldenModel golden = GoldenModel.Of("gpt2/tokcls");
        using TokenClassifier model = HuggingFaceFolder.LoadTokenClassifier(golden.Folder);
        HuggingFaceFolder.Save(_folder, model);
        AssertSameTensors(golden.Folder, _folder);
        AssertSameConfig(golden.Folder, _folder);
    }

    [Fact]
    public void AModelWithoutBiasesComesBack()
    {
        using Gpt2Model model = Tiny();
        HuggingFaceFolder.Save(_folder, model, folder => File.WriteAllText(Path.Combine(folder, "tokenizer.json"), "{}"), new JsonObject { ["kind"] = "test" });
        using DecoderModel read = HuggingFaceFolder.LoadDecoder(_folder);
        Assert.False(Assert.IsType<Gpt2Config>(read.Config).HasBias);
        AssertSameWeights(model, read);
        Assert.Equal("test", (string)HuggingFaceFolder.ReadTask(_folder)["kind"]!);
        Assert.True(File.Exists(Path.Combine(_folder, "tokenizer.json")));
    }

    [Fact]
    public void AFailureWhileSavingLeavesTheOldModel()
    {
        using Gpt2Model model = Tiny(), other = new(new Gpt2Config { VocabularySize = 12, MaximumLength = 8, Width = 8, Layers = 1, Heads = 2 });
        HuggingFaceFolder.Save(_folder, model);
        string[] files = Directory.GetFileSystemEntries(_folder);
        IOException error = Assert.Throws<IOException>(() => HuggingFaceFolder.Save(_folder, other, _ => throw new IOException("No space left on device.")));
        Assert.Contains($"'{_folder}': No space left on device. What was there is unchanged.", error.Message, StringComparison.Ordinal);
        Assert.Equal(files, Directory.GetFileSystemEntries(_folder));
        using DecoderModel read = HuggingFaceFolder.LoadDecoder(_folder);
        AssertSameWeights(model, read);
    }

    [Fact]
    public void ShardsAndOldNamesAreRead()
    {
        using Gpt2Model model = Tiny();
        HuggingFaceFolder.Save(_folder, model);
        Dictionary<string, Tensor> all = ModelWeights.Views(model).ToDictionary(entry => entry.Key["transformer.".Length..], entry => entry.Value);
        all["h.0.attn.bias"] = ones([1, 1, 8, 8]);
        string[] names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
        JsonObject map = [];
        foreach ((string[] part, string file) in all.Keys.Chunk((all.Count + 1) / 2).Zip(names))
        {
            SafeTensors.Write(Path.Combine(_folder, file), part.ToDictionary(name => name, name => all[name]));
            foreach (string name in part) map[name] = file;
        }
        File.Delete(Path.Combine(_folder, "model.safetensors"));
        string index = Path.Combine(_folder, "model.safetensors.index.json");
        File.WriteAllText(index, new JsonObject { ["weight_map"] = map.DeepClone() }.ToJsonString());
        using (DecoderModel read = HuggingFaceFolder.LoadDecoder(_folder)) AssertSameWeights(model, (Gpt2Model)read);

        File.Delete(Path.Combine(_folder, names[1]));
        Assert.Contains(names[1], Assert.Throws<FileNotFoundException>(() => HuggingFaceFolder.LoadDecoder(_folder)).Message, StringComparison.Ordinal);
        map[map.First().Key] = "../elsewhere.safetensors";
        File.WriteAllText(index, new JsonObject { ["weight_map"] = map }.ToJsonString());
        Assert.Contains("../elsewhere", Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public void WeightsTravelThroughStreamsThatCannotSeek()
    {
        using Gpt2Model model = Tiny();
        using MemoryStream file = new();
        using (GZipStream zip = new(file, CompressionMode.Compress, leaveOpen: true)) ModelWeights.Write(zip, model);
        file.Position = 0;
        using Gpt2Model read = (Gpt2Model)model.CreateLike();
        using (GZipStream zip = new(file, CompressionMode.Decompress)) ModelWeights.Read(zip, null, "weights", read);
        AssertSameWeights(model, read);
    }

    [Fact]
    public void HalfPrecisionWeightsAreConverted()
    {
        using Gpt2Model model = Tiny();
        HuggingFaceFolder.Save(_folder, model);
        SafeTensors.Write(Path.Combine(_folder, "model.safetensors"), ModelWeights.Views(model).ToDictionary(entry => entry.Key, entry => entry.Value.to(ScalarType.BFloat16)));
        using DecoderModel read = HuggingFaceFolder.LoadDecoder(_folder);
        Assert.Equal(ScalarType.Float32, read.WeightType);
        foreach (((string name, Tensor expected), (_, Tensor actual)) in ModelWeights.Views(model).Zip(ModelWeights.Views(read))) GoldenModel.AssertClose(name, expected.to(ScalarType.BFloat16).to(ScalarType.Float32), actual, 0);
    }

    [Fact]
    public void WeightsThatAreNotNumbersAreWarnedOf()
    {
        using Gpt2Model model = Tiny();
        HuggingFaceFolder.Save(_folder, model);
        using (DecoderModel sound = HuggingFaceFolder.LoadDecoder(_folder)) Assert.Empty(sound.LoadWarnings);
        using (no_grad())
        {
            using Tensor first = model.parameters().First().detach();
            first.view(-1).narrow(0, 0, 1).fill_(float.NaN);
        }
        HuggingFaceFolder.Save(_folder, model);
        using DecoderModel damaged = HuggingFaceFolder.LoadDecoder(_folder);
        Assert.Contains("NaN", Assert.Single(damaged.LoadWarnings), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsMissingOrWrongIsNamed()
    {
        Assert.Contains("config.json", Assert.Throws<FileNotFoundException>(() => HuggingFaceFolder.LoadDecoder(_folder)).Message, StringComparison.Ordinal);
        using Gpt2Model model = Tiny();
        HuggingFaceFolder.Save(_folder, model);

        Edit(config => config["n_embd"] = 16);
        Assert.Contains("'transformer.wte.weight' is [11, 8] where the model needs [11, 16]", Refused(), StringComparison.Ordinal);
        Edit(config => (config["n_embd"], config["n_layer"]) = (8, 3));
        Assert.Contains("transformer.h.2.", Refused(), StringComparison.Ordinal);
        Edit(config => config["n_layer"] = 1);
        Assert.Contains("transformer.h.1.", Refused(), StringComparison.Ordinal);
        Edit(config => config["n_layer"] = "two");
        Assert.Contains("'n_layer' must be a whole number; found \"two\"", Refused(), StringComparison.Ordinal);
        Edit(config => (config["n_layer"], config["n_head"]) = (2, 3));
        Assert.Contains("multiple of Heads", Refused(), StringComparison.Ordinal);
        Edit(config => (config["n_head"], config["model_type"]) = (2, "gpt9"));
        Assert.Contains("'gpt9' is not supported; supported are", Refused(), StringComparison.Ordinal);
        Edit(config => config["model_type"] = "gpt2");
        Assert.Contains("id2label", Assert.Throws<InvalidDataException>(() => HuggingFaceFolder.LoadClassifier(_folder)).Message, StringComparison.Ordinal);

        string weights = Path.Combine(_folder, "model.safetensors");
        byte[] whole = File.ReadAllBytes(weights);
        File.WriteAllBytes(weights, whole[..^1]);
        Assert.Contains("not a whole safetensors file", Refused(), StringComparison.Ordinal);
        File.Delete(weights);
        Assert.Contains("neither model.safetensors nor", Assert.Throws<FileNotFoundException>(() => HuggingFaceFolder.LoadDecoder(_folder)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_folder, "config.json"), "{");
        Assert.Contains("not valid JSON", Refused(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vocab_size")]
    [InlineData("n_positions")]
    [InlineData("n_embd")]
    [InlineData("n_inner")]
    public void AConfigurationOutOfProportionIsRefusedBeforeAnythingIsAllocated(string key)
    {
        using Gpt2Model model = Tiny();
        HuggingFaceFolder.Save(_folder, model);
        Edit(config => config[key] = 2_000_000_000);
        string message = Refused();
        Assert.Contains("config.json' describes a model of", message, StringComparison.Ordinal);
        Assert.Contains("the weights beside it have", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void LabelsThatTheFilesDoNotHaveAreRefusedBeforeAHeadIsMade(bool ofTokens)
    {
        using Gpt2Model model = Tiny();
        HuggingFaceFolder.Save(_folder, model);
        Edit(config => config["num_labels"] = 1_000_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        string message = Assert.Throws<InvalidDataException>(() => ofTokens ? (nn.Module)HuggingFaceFolder.LoadTokenClassifier(_folder) : HuggingFaceFolder.LoadClassifier(_folder)).Message;
        Assert.Contains("config.json' describes a model of 8E+06 numbers, most of them for 1000000 labels; the weights beside it have", message, StringComparison.Ordinal);
        // The names alone would be 50 MB.
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 2_000_000);
        // Without a head labels cost nothing.
        using DecoderModel decoder = HuggingFaceFolder.LoadDecoder(_folder);
        Assert.Equal((1_000_000, "LABEL_999999"), (decoder.Config.Labels.Count, decoder.Config.Labels[^1]));
    }

    [Fact]
    public void AFolderThatIsNoneSaysWhatItIs()
    {
        Assert.Contains("There is no folder 'org/name'. If it is a model of the hub, get it with HubDownload.Snapshot", Lacks("org/name"), StringComparison.Ordinal);
        string config = Path.Combine(_folder, "config.json"), adapter = Path.Combine(_folder, "adapter_config.json");
        File.WriteAllText(adapter, "{}");
        Assert.Contains("it is the folder of an adapter. Read it with PeftFolder", Lacks(_folder), StringComparison.Ordinal);
        File.Delete(adapter);
        File.CreateSymbolicLink(config, "../blobs/123");
        Assert.Contains($"'{config}' is a link to '../blobs/123', which is not there", Lacks(_folder), StringComparison.Ordinal);
        File.Delete(config);
        File.WriteAllText(config, " \n");
        Assert.Contains("is empty", Refused(), StringComparison.Ordinal);
        Assert.Contains("is a file; the folder that holds config.json is needed", Lacks(config), StringComparison.Ordinal);
        Assert.Contains("not of an adapter", Assert.Throws<FileNotFoundException>(() => PeftFolder.ReadOptions(_folder)).Message, StringComparison.Ordinal);
        Assert.Contains("LoadTextEmbedder", Assert.Throws<FileNotFoundException>(() => SentenceTransformerFolder.Read(_folder)).Message, StringComparison.Ordinal);
        File.WriteAllText(config, """{"model_type": "gpt2", "quantization_config": {"quant_method": "gptq"}}""");
        Assert.StartsWith($"'{_folder}', config.json: the weights are quantized ('quantization_config' is {{\"quant_method\":\"gptq\"}})", Refused(), StringComparison.Ordinal);
        File.WriteAllText(config, """{"model_type": "gpt2", "activation_function": "swiglu2"}""");
        Assert.EndsWith(", tanh.", Refused(), StringComparison.Ordinal);

        static string Lacks(string folder) => Assert.Throws<FileNotFoundException>(() => HuggingFaceFolder.LoadDecoder(folder)).Message;
    }

    [Fact]
    public void AModelOfAnotherKindSaysWhichItIs()
    {
        using Gpt2Model model = Tiny();
        HuggingFaceFolder.Save(_folder, model);
        Assert.Equal(
            "The task needs an encoder, which reads texts as a whole; 'gpt2' is a decoder, which continues texts. Take a model of another family, or read this one as what it is (Load or LoadDecoder).",
            Assert.Throws<NotSupportedException>(() => HuggingFaceFolder.LoadEncoder(_folder)).Message);
    }

    [Fact]
    public void AHeadThatIsNotThereIsNotCalledDamage()
    {
        using Gpt2Model model = Tiny();
        HuggingFaceFolder.Save(_folder, model);
        Edit(config => config["num_labels"] = 3);
        string message = Assert.Throws<InvalidDataException>(() => HuggingFaceFolder.LoadClassifier(_folder)).Message;
        Assert.Contains("Missing: 'score.weight' [3, 8].", message, StringComparison.Ordinal);
        Assert.Contains("no head for this task. HuggingFaceFolder.LoadForFineTuning", message, StringComparison.Ordinal);
        Assert.DoesNotContain("damaged", message, StringComparison.Ordinal);
    }

    [Fact]
    public void LayersThatTheFilesDoNotHaveAreRefusedBeforeOneIsMade()
    {
        using Gpt2Model model = Tiny();
        HuggingFaceFolder.Save(_folder, model);
        // So narrow that the numbers of all layers are few.
        Edit(config => (config["n_embd"], config["n_head"], config["n_inner"], config["n_layer"]) = (1, 1, 1, 60_000));
        Assert.Contains("config.json' describes a model of 60000 layers; the weights beside it are ", Refused(), StringComparison.Ordinal);
        Edit(config => config["n_layer"] = 10_000_000);
        Assert.Contains("config.json: 'n_layer' must be from 1 to 65536; found 10000000.", Refused(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("albert", "num_hidden_layers")]
    [InlineData("bart", "encoder_layers")]
    [InlineData("bart", "decoder_layers")]
    [InlineData("bert", "num_hidden_layers")]
    [InlineData("camembert", "num_hidden_layers")]
    [InlineData("deberta-v2", "num_hidden_layers")]
    [InlineData("distilbert", "n_layers")]
    [InlineData("electra", "num_hidden_layers")]
    [InlineData("gemma", "num_hidden_layers")]
    [InlineData("gemma2", "num_hidden_layers")]
    [InlineData("gemma3_text", "num_hidden_layers")]
    [InlineData("gpt2", "n_layer")]
    [InlineData("gpt_neox", "num_hidden_layers")]
    [InlineData("llama", "num_hidden_layers")]
    [InlineData("marian", "decoder_layers")]
    [InlineData("mistral", "num_hidden_layers")]
    [InlineData("modernbert", "num_hidden_layers")]
    [InlineData("mpnet", "num_hidden_layers")]
    [InlineData("olmo2", "num_hidden_layers")]
    [InlineData("phi3", "num_hidden_layers")]
    [InlineData("qwen2", "num_hidden_layers")]
    [InlineData("qwen3", "num_hidden_layers")]
    [InlineData("recurrent", "num_layers")]
    [InlineData("roberta", "num_hidden_layers")]
    [InlineData("smollm3", "num_hidden_layers")]
    [InlineData("t5", "num_layers")]
    [InlineData("t5", "num_decoder_layers")]
    [InlineData("xlm-roberta", "num_hidden_layers")]
    public void NoFamilyHasTenMillionLayers(string family, string key)
    {
        foreach (int count in (int[])[10_000_000, int.MaxValue, -1])
        {
            string message = Assert.Throws<InvalidDataException>(() => ModelFamilies.ReadConfig(new JsonObject { ["model_type"] = family, [key] = count })).Message;
            Assert.StartsWith($"config.json: '{key}' must be from ", message, StringComparison.Ordinal);
            Assert.EndsWith($"to 65536; found {count}.", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void SettingsOfGenerationAreWrittenAsTheyWereRead()
    {
        using (Gpt2Model model = Tiny()) HuggingFaceFolder.Save(_folder, model);
        const string Given = """{"bos_token_id": 5, "eos_token_id": [3, 4], "do_sample": true, "temperature": 0.6, "top_p": 0.95, "of_later_times": {"list": [1, null, "x"]}, "transformers_version": "9.9"}""";
        File.WriteAllText(Path.Combine(_folder, "generation_config.json"), Given);
        Edit(config => (config["pad_token_id"], config["bos_token_id"], config["eos_token_id"]) = (7, 6, 2));
        using DecoderModel read = HuggingFaceFolder.LoadDecoder(_folder);
        using BackboneModel like = read.CreateLike();
        string copy = Path.Combine(_folder, "copy");
        HuggingFaceFolder.Save(copy, like);
        JsonObject expected = JsonNode.Parse(Given)!.AsObject(), written = Settings();
        expected["pad_token_id"] = 7;
        Assert.True(JsonNode.DeepEquals(expected, written), written.ToJsonString());

        // End tokens are the model's own: they may have become others.
        using BackboneModel other = (read.Config with { EndOfText = [8] }).CreateBackbone();
        HuggingFaceFolder.Save(copy, other);
        Assert.Equal((8, 0.6), ((int)Settings()["eos_token_id"]!, (double)Settings()["temperature"]!));

        JsonObject Settings() => JsonNode.Parse(File.ReadAllText(Path.Combine(copy, "generation_config.json")))!.AsObject();
    }

    [Fact]
    public void BiasesThatAModelIsWithoutAreZerosInTheFile()
    {
        using Gpt2Model model = Tiny();
        HuggingFaceFolder.Save(_folder, model);
        using (Gpt2Model whole = new(model.Config with { HasBias = true }))
        {
            Dictionary<string, Tensor> expected = ModelWeights.Views(whole);
            IReadOnlyDictionary<string, Tensor> written = SafeTensors.Read(Path.Combine(_folder, "model.safetensors"));
            Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), written.Keys.Order(StringComparer.Ordinal));
            Assert.All(expected, entry => Assert.Equal(entry.Value.shape, written[entry.Key].shape));
            Assert.All(written.Where(entry => !ModelWeights.Views(model).ContainsKey(entry.Key)), entry => Assert.Equal(0, entry.Value.count_nonzero().item<long>()));
        }
        using (DecoderModel loaded = HuggingFaceFolder.LoadDecoder(_folder))
        {
            Assert.False(((Gpt2Config)loaded.Config).HasBias);
            AssertSameWeights(model, loaded);
        }

        // Below a head, in shards, and for fine-tuning, they are no weights that had to be drawn.
        string copy = Path.Combine(_folder, "copy");
        (SequenceClassifier classifier, IReadOnlyList<string> drawn) = HuggingFaceFolder.LoadForFineTuning(_folder, config => new SequenceClassifier(config.CreateBackbone(), ["a", "b"]), new RandomStream(1));
        using (classifier) HuggingFaceFolder.Save(copy, classifier, maximumShardBytes: 1000);
        Assert.Equal(["score.weight"], drawn);
        using CheckpointIndex index = CheckpointIndex.Open(copy);
        Assert.Contains("transformer.h.1.mlp.c_fc.bias", index.TensorNames);
        using (SequenceClassifier loaded = HuggingFaceFolder.LoadClassifier(copy)) Assert.Equal(2, loaded.Outputs);
    }

    [Fact]
    public void BiasesThatTheConfigurationDeniesAreRefusedUnlessTheyAreZeros()
    {
        using (Gpt2Model model = Tiny()) HuggingFaceFolder.Save(_folder, model);
        string path = Path.Combine(_folder, "model.safetensors");
        Dictionary<string, Tensor> tensors = SafeTensors.Read(path).ToDictionary(StringComparer.Ordinal);
        tensors["transformer.ln_f.bias"][3] = 0.5;
        SafeTensors.Write(path, tensors);
        string message = Refused();
        Assert.Contains("'transformer.ln_f.bias'", message, StringComparison.Ordinal);
        Assert.Contains("Remove 'bias' from config.json", message, StringComparison.Ordinal);
        Edit(config => config.Remove("bias"));
        using DecoderModel loaded = HuggingFaceFolder.LoadDecoder(_folder);
        Assert.Equal(0.5f, ModelWeights.Views(loaded)["transformer.ln_f.bias"][3].item<float>());
    }

    [Theory]
    [InlineData("gpt2", "GPT2Model")]
    [InlineData("llama", "LlamaModel")]
    [InlineData("smollm3", "SmolLM3Model")]
    [InlineData("gemma2", "Gemma2Model")]
    [InlineData("gemma3_text", "Gemma3TextModel")]
    [InlineData("gpt_neox", "GPTNeoXModel")]
    [InlineData("bart", "BartModel")]
    [InlineData("marian", "MarianModel")]
    [InlineData("t5", "T5EncoderModel")]
    [InlineData("bert", "BertModel")]
    public void AModelWithoutAHeadIsNotCalledOneThatHasIt(string family, string architecture)
    {
        ModelConfig config = ModelFamilies.ReadConfig(new JsonObject { ["model_type"] = family });
        if (config is T5Config t5) config = t5 with { HasDecoder = false };
        Assert.Equal(architecture, (string)config.ToJson(ModelHead.Embedding)["architectures"]![0]!);
    }

    [Fact]
    public void FractionsAreSpelledAsPythonSpellsThem()
    {
        string t5 = T5Presets.Tiny(20).ToJson(ModelHead.SequenceToSequence).ToJsonString();
        Assert.Contains("\"initializer_factor\":1.0", t5, StringComparison.Ordinal);
        Assert.Contains("\"dropout_rate\":0.0", t5, StringComparison.Ordinal);
        Assert.Contains("\"num_layers\":2,", t5, StringComparison.Ordinal);
        string gemma = GemmaPresets.Gemma2Of2B.ToJson(ModelHead.NextToken).ToJsonString();
        Assert.Contains("\"final_logit_softcapping\":30.0", gemma, StringComparison.Ordinal);
        // A whole number to the reference, which refuses the other.
        Assert.Contains("\"query_pre_attn_scalar\":256,", gemma, StringComparison.Ordinal);
        string llama = LlamaPresets.Llama32Of1B.ToJson(ModelHead.NextToken).ToJsonString();
        Assert.Contains("\"factor\":32.0", llama, StringComparison.Ordinal);
        Assert.Contains("\"original_max_position_embeddings\":8192", llama, StringComparison.Ordinal);
        // Lists; what was read stays as it stood.
        Assert.Contains("[1.0,1.5]", (LlamaPresets.Phi3Mini with { Width = 128, Rotary = new() { Scaling = new LongRopeScaling([1, 1.5], [2, 4], 4096, 32) } }).ToJson(ModelHead.NextToken).ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("\"mine\":1,", ModelFamilies.ReadConfig(JsonNode.Parse("""{"model_type": "bert", "mine": 1, "yours": 1.0}""")!.AsObject()).ToJson(ModelHead.None).ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public void ADisposedModelIsNotSaved()
    {
        Gpt2Model model = Tiny();
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => HuggingFaceFolder.Save(_folder, model));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    private static Gpt2Model Tiny()
    {
        Gpt2Model model = new(new Gpt2Config { VocabularySize = 11, MaximumLength = 8, Width = 8, Layers = 2, Heads = 2, HasBias = false });
        model.Initialize(new RandomStream(5));
        return model;
    }

    private string Refused() => Assert.Throws<InvalidDataException>(() => HuggingFaceFolder.LoadDecoder(_folder)).Message;

    private void Edit(Action<JsonObject> edit)
    {
        string path = Path.Combine(_folder, "config.json");
        JsonObject config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        edit(config);
        File.WriteAllText(path, config.ToJsonString());
    }

    private static void AssertSameWeights(DecoderModel expected, DecoderModel actual)
    {
        foreach (((string name, Tensor left), (_, Tensor right)) in ModelWeights.Views(expected).Zip(ModelWeights.Views(actual))) GoldenModel.AssertClose(name, left, right, 0);
    }

    private static void AssertSameTensors(string expectedFolder, string actualFolder)
    {
        IReadOnlyDictionary<string, Tensor> expected = SafeTensors.Read(Path.Combine(expectedFolder, "model.safetensors"));
        IReadOnlyDictionary<string, Tensor> actual = SafeTensors.Read(Path.Combine(actualFolder, "model.safetensors"));
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        foreach ((string name, Tensor tensor) in expected) GoldenModel.AssertClose(name, tensor, actual[name], 0);
    }

    private static void AssertSameConfig(string expectedFolder, string actualFolder)
    {
        JsonObject expected = Config(expectedFolder), actual = Config(actualFolder);
        foreach ((string key, JsonNode? value) in expected) Assert.True(JsonNode.DeepEquals(value, actual[key]), $"{key}: {value?.ToJsonString() ?? "null"} became {actual[key]?.ToJsonString() ?? "null"}");
        Assert.Equal(expected.Select(entry => entry.Key).Order(), actual.Select(entry => entry.Key).Order());

        static JsonObject Config(string folder) => JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!.AsObject();
    }
}
