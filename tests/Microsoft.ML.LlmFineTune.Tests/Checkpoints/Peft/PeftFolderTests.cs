using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Checkpoints.Peft;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Adapters;
using Microsoft.ML.LlmFineTune.Tests.Models;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Checkpoints.Peft;

public sealed class PeftFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("llama_rank_pattern")]
    [InlineData("llama_lora_embedding")]
    [InlineData("llama_prefix_tuning")]
    public void A_folder_of_the_reference_is_read_on_the_base_that_it_names_and_written_as_it_was(string name)
    {
        using IDisposable scope = NewDisposeScope();
        string folder = Fixture(name);
        IReadOnlyDictionary<string, Tensor> inputs = SafeTensors.Read(Path.Combine(folder, "../../llama/lm_untied_gqa/inputs.safetensors")), expected = SafeTensors.Read(Path.Combine(folder, "expected.safetensors"));
        using DecoderModel model = PeftFolder.LoadDecoder(folder);
        Tensor mask = inputs["attention_mask"].to(ScalarType.Bool);
        using (no_grad()) GoldenModel.AssertClose("logits", expected["logits"], model.Logits(model.Forward(inputs["input_ids"], mask)), 1e-4, mask);
        Assert.Empty(model.LoadWarnings);

        PeftFolder.Save(_folder, model);
        JsonObject before = Json(folder), after = Json(_folder);
        Assert.Equal(before.Select(entry => entry.Key).Order(StringComparer.Ordinal), after.Select(entry => entry.Key));
        Assert.All(before, entry => Assert.True(JsonNode.DeepEquals(entry.Value, after[entry.Key]), entry.Key));
        IReadOnlyDictionary<string, Tensor> read = SafeTensors.Read(Path.Combine(folder, PeftFolder.WeightsName)), written = SafeTensors.Read(Path.Combine(_folder, PeftFolder.WeightsName));
        Assert.Equal(read.Keys.Order(StringComparer.Ordinal), written.Keys.Order(StringComparer.Ordinal));
        Assert.All(read, entry => Assert.Equal(entry.Value.bytes.ToArray(), written[entry.Key].bytes.ToArray()));
    }

    public static TheoryData<string> Kinds => new("lora", "rslora", "dora", "biases", "embedding", "ia3", "prompt", "prefix");

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_is_written_is_read_and_written_again_to_the_byte(string kind)
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.Gpt2), other = Adapted.Model(Adapted.Gpt2);
        ModelAdapters.Attach(model, ModelAdaptersTests.Options(kind));
        Adapted.Disturb(model);
        PeftFolder.Save(_folder, model, baseModel: "somewhere/model");
        Assert.Empty(PeftFolder.Load(_folder, other, "read"));
        Tensor tokens = Adapted.Tokens(2, 6);
        Assert.Equal(0, Adapted.Distance(Adapted.Logits(model, tokens), Adapted.Logits(other, tokens)));
        string again = Path.Combine(_folder, "again");
        PeftFolder.Save(again, other, "read");
        foreach (string file in (string[])[PeftFolder.ConfigName, PeftFolder.WeightsName]) Assert.Equal(File.ReadAllBytes(Path.Combine(_folder, file)), File.ReadAllBytes(Path.Combine(again, file)));
        Assert.Equal("somewhere/model", ModelAdapters.Of(other)!.OptionsOf("read").BaseModel);
    }

    [Fact]
    public void Tensors_that_do_not_fit_are_listed_and_the_model_stays_bare()
    {
        using IDisposable scope = NewDisposeScope();
        using DecoderModel model = Adapted.Model(Adapted.Gpt2);
        ModelAdapters adapters = ModelAdapters.Attach(model, new LoraOptions { Rank = 2 });
        PeftFolder.Save(_folder, model);
        Dictionary<string, Tensor> tensors = new(SafeTensors.Read(Path.Combine(_folder, PeftFolder.WeightsName)), StringComparer.Ordinal);
        adapters.Remove(ModelAdapters.DefaultName);
        const string Key = "base_model.model.transformer.h.0.attn.c_attn.lora_A.weight";
        tensors["base_model.model.transformer.h.9.attn.c_attn.lora_A.weight"] = tensors[Key];
        tensors["base_model.model.transformer.h.1.attn.c_attn.lora_A.weight"] = zeros(3, 16);
        tensors.Remove(Key);
        SafeTensors.Write(Path.Combine(_folder, PeftFolder.WeightsName), tensors);
        string message = Assert.Throws<InvalidDataException>(() => PeftFolder.Load(_folder, model)).Message;
        Assert.Contains($"Missing: '{Key}' [2, 16]", message, StringComparison.Ordinal);
        Assert.Contains("h.1.attn.c_attn.lora_A.weight' is [3, 16] where the adapter needs [2, 16]", message, StringComparison.Ordinal);
        Assert.Contains("Not of the adapter: 'base_model.model.transformer.h.9.attn.c_attn.lora_A.weight' [2, 16]", message, StringComparison.Ordinal);
        Assert.Null(ModelAdapters.Of(model));
    }

    [Fact]
    public void An_adapter_of_another_family_is_refused()
    {
        using DecoderModel model = Adapted.Model(Adapted.Gpt2);
        string message = Assert.Throws<InvalidDataException>(() => PeftFolder.Load(Fixture("llama_rank_pattern"), model)).Message;
        Assert.Contains("does not belong to this model", message, StringComparison.Ordinal);
        Assert.Contains("The model has linear layers c_attn, c_proj, c_fc", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pickle_is_never_opened()
    {
        using DecoderModel model = Adapted.Model(Adapted.Gpt2);
        ModelAdapters.Attach(model, new LoraOptions());
        PeftFolder.Save(_folder, model);
        File.Move(Path.Combine(_folder, PeftFolder.WeightsName), Path.Combine(_folder, "adapter_model.bin"));
        Assert.Contains("convert it in its folder with Python", Assert.Throws<NotSupportedException>(() => PeftFolder.Load(_folder, model, "two")).Message, StringComparison.Ordinal);
        File.Delete(Path.Combine(_folder, "adapter_model.bin"));
        Assert.Throws<FileNotFoundException>(() => PeftFolder.Load(_folder, model, "two"));
    }

    [Theory]
    [InlineData("use_qalora", "true")]
    [InlineData("layer_replication", "[[0, 2]]")]
    [InlineData("trainable_token_indices", "[1]")]
    [InlineData("target_parameters", "[\"x\"]")]
    [InlineData("init_lora_weights", "\"pissa\"")]
    [InlineData("init_lora_weights", "\"olora\"")]
    [InlineData("bias", "\"some\"")]
    [InlineData("r", "\"8\"")]
    [InlineData("peft_type", "\"ADALORA\"")]
    [InlineData("lora_dropout", "2")]
    [InlineData("target_modules", "\"((\"")]
    public void What_the_library_lacks_is_refused_by_name(string key, string value)
    {
        JsonObject json = JsonNode.Parse($$"""{ "peft_type": "LORA", "r": 4, "{{(key == "peft_type" ? "x" : key == "r" ? "y" : key)}}": 0 }""")!.AsObject();
        json.Remove("x");
        json.Remove("y");
        json[key] = JsonNode.Parse(value);
        string message = Assert.Throws<InvalidDataException>(() => PeftConfig.FromJson(json)).Message;
        Assert.StartsWith("adapter_config.json: ", message, StringComparison.Ordinal);
        if (key is not ("lora_dropout" or "target_modules")) Assert.Contains($"'{key}'", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("P_TUNING", "train one of the last two")]
    [InlineData("LOHA", "merge_and_unload")]
    public void Other_kinds_are_refused_with_what_to_do_instead(string kind, string advice)
    {
        string message = Assert.Throws<InvalidDataException>(() => PeftConfig.FromJson(new JsonObject { ["peft_type"] = kind })).Message;
        Assert.Contains($"the 'peft_type' '{kind}' is not supported; supported are LORA, IA3, PROMPT_TUNING and PREFIX_TUNING.", message, StringComparison.Ordinal);
        Assert.Contains(advice, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lora", "r", "1000000000")]
    [InlineData("lora", "rank_pattern", """{".*": 1000000000}""")]
    [InlineData("embedding", "r", "1000000000")]
    [InlineData("prompt", "num_virtual_tokens", "1000000000")]
    [InlineData("prefix", "num_virtual_tokens", "1000000000")]
    public void An_adapter_out_of_proportion_is_refused_before_anything_is_allocated(string kind, string key, string value)
    {
        using DecoderModel model = Adapted.Model(Adapted.Gpt2), other = Adapted.Model(Adapted.Gpt2);
        ModelAdapters.Attach(model, ModelAdaptersTests.Options(kind));
        PeftFolder.Save(_folder, model);
        Edit(key, value);
        Assert.Contains("describes an adapter of ", Assert.Throws<InvalidDataException>(() => PeftFolder.Load(_folder, other)).Message, StringComparison.Ordinal);
        Assert.Null(ModelAdapters.Of(other));
    }

    [Theory]
    [InlineData("target_modules", "\"([a-z_.0-9]+)+!\"")]
    [InlineData("rank_pattern", "{\"([a-z_.0-9]+)+!\": 4}")]
    public void A_pattern_that_takes_forever_is_refused(string key, string value)
    {
        using DecoderModel model = Adapted.Model(Adapted.Gpt2), other = Adapted.Model(Adapted.Gpt2);
        ModelAdapters.Attach(model, new LoraOptions());
        PeftFolder.Save(_folder, model);
        Edit(key, value);
        Assert.Contains("'([a-z_.0-9]+)+!' takes more than 1 s to be matched with 'transformer.", Assert.Throws<InvalidDataException>(() => PeftFolder.Load(_folder, other)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Words_before_a_layers_number_may_have_groups()
    {
        using DecoderModel model = Adapted.Model(Adapted.Gpt2), other = Adapted.Model(Adapted.Gpt2);
        ModelAdapters.Attach(model, new LoraOptions { Targets = ModuleSelection.Of("c_attn"), Layers = [1], LayerWords = ["h"] });
        PeftFolder.Save(_folder, model);
        Edit("layers_pattern", "[\"(h|layers)\"]");
        Assert.Empty(PeftFolder.Load(_folder, other));
        Assert.All(ModelAdapters.Of(other)!.Views().Keys, key => Assert.Contains(".h.1.", key, StringComparison.Ordinal));
    }

    [Fact]
    public void Keys_that_nobody_knows_are_kept_and_named()
    {
        using DecoderModel model = Adapted.Model(Adapted.Gpt2);
        ModelAdapters adapters = ModelAdapters.Attach(model, new LoraOptions());
        PeftFolder.Save(_folder, model);
        adapters.Remove(ModelAdapters.DefaultName);
        JsonObject json = Json(_folder);
        json["brand_new"] = new JsonObject { ["a"] = 1.50 };
        json["peft_version"] = "9.9";
        File.WriteAllText(Path.Combine(_folder, PeftFolder.ConfigName), json.ToJsonString());
        Assert.Contains("brand_new", Assert.Single(PeftFolder.Load(_folder, model)), StringComparison.Ordinal);
        PeftFolder.Save(_folder, model);
        Assert.Equal(("""{"a":1.5}""", "9.9"), (Json(_folder)["brand_new"]!.ToJsonString(), Json(_folder)["peft_version"]!.GetValue<string>()));
    }

    [Fact]
    public void What_can_be_said_in_several_ways_stays_said_in_one()
    {
        using DecoderModel model = Adapted.Model(Adapted.Llama);
        JsonObject json = JsonNode.Parse("""{ "peft_type": "LORA", "r": 2, "lora_alpha": 4.0, "target_modules": ["v_proj", "q_proj"], "layers_to_transform": 1, "layers_pattern": "layers", "modules_to_save": ["lm_head", "lm_head"] }""")!.AsObject();
        LoraOptions options = (LoraOptions)PeftConfig.FromJson(json);
        Assert.Equal(([1], ["layers"], ["lm_head"]), (options.Layers!.ToArray(), options.LayerWords!.ToArray(), options.ModulesToSave!.ToArray()), (one, other) => one.Item1.SequenceEqual(other.Item1) && one.Item2.SequenceEqual(other.Item2) && one.Item3.SequenceEqual(other.Item3));
        ModelAdapters.Attach(model, options);
        JsonObject written = PeftConfig.ToJson(options, model), changed = PeftConfig.ToJson(options with { Layers = [0] }, model);
        Assert.All(json, entry => Assert.Equal(entry.Value!.ToJsonString(), written[entry.Key]!.ToJsonString()));
        Assert.Equal("[0]", changed["layers_to_transform"]!.ToJsonString());
    }

    [Fact]
    public void A_base_that_is_not_here_is_asked_for()
    {
        using DecoderModel model = Adapted.Model(Adapted.Gpt2);
        ModelAdapters.Attach(model, new LoraOptions());
        PeftFolder.Save(_folder, model, baseModel: "org/name");
        Assert.Contains("'org/name', which is no folder here", Assert.Throws<DirectoryNotFoundException>(() => PeftFolder.LoadDecoder(_folder)).Message, StringComparison.Ordinal);
        string folder = Path.Combine(_folder, "base");
        ModelAdapters.Of(model)!.Remove(ModelAdapters.DefaultName);
        HuggingFaceFolder.Save(folder, model);
        using DecoderModel loaded = PeftFolder.LoadDecoder(_folder, folder);
        Assert.False(loaded.training);
        Assert.Equal(ModelAdapters.DefaultName, ModelAdapters.Of(loaded)!.Active);
    }

    private static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures", "models", "lora", name);

    private void Edit(string key, string value)
    {
        JsonObject json = Json(_folder);
        json[key] = JsonNode.Parse(value);
        File.WriteAllText(Path.Combine(_folder, PeftFolder.ConfigName), json.ToJsonString());
    }

    private static JsonObject Json(string folder) => JsonNode.Parse(File.ReadAllText(Path.Combine(folder, PeftFolder.ConfigName)))!.AsObject();
}
