using System.Text;
using Microsoft.ML.LlmFineTune.Adapters;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Checkpoints.Peft;
using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Checkpoints;

/// <summary>Damaged model folders end in a model or in an error that names the file: never in another exception, nor in memory that the files do not justify.</summary>
public sealed class CheckpointFuzzTests : IDisposable
{
    // Files of 20 KB, damaged by pieces of 20 KB at most.
    private const long MostManagedBytes = 8_000_000;
    private const int Damages = 400;

    // Lists are cut to eight, texts to 200 characters each.
    private const int LongestMessage = 4000;

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("config.json")]
    [InlineData("generation_config.json")]
    public void A_damaged_file_of_a_model_in_one_file_does_no_harm(string file) => DamageModel(file, long.MaxValue);

    [Theory]
    [InlineData("model.safetensors.index.json")]
    [InlineData("model-00002-of-*.safetensors")]
    [InlineData("config.json")]
    public void A_damaged_file_of_a_model_in_shards_does_no_harm(string file) => DamageModel(file, 3000);

    [Theory]
    [InlineData("adapter_config.json")]
    [InlineData("adapter_model.safetensors")]
    public void A_damaged_file_of_an_adapter_does_no_harm(string file)
    {
        using Gpt2Model trained = Tiny(), model = Tiny();
        ModelAdapters.Attach(trained, new LoraOptions { Rank = 2, Targets = ModuleSelection.Of("c_attn", "wte") });
        PeftFolder.Save(_folder, trained);
        Damage(file, () =>
        {
            Assert.Null(ModelAdapters.Of(model));
            PeftFolder.Load(_folder, model);
            ModelAdapters adapters = ModelAdapters.Of(model)!;
            AssertAccountedFor(adapters.Views().Values.Sum(view => view.numel()));
            adapters.Remove(ModelAdapters.DefaultName);
        });
    }

    [Theory]
    [InlineData("modules.json")]
    [InlineData("1_Pooling/config.json")]
    [InlineData("sentence_bert_config.json")]
    [InlineData("config_sentence_transformers.json")]
    public void A_damaged_file_of_a_sentence_transformer_does_no_harm(string file)
    {
        new SentenceTransformerFolder { ModelFolder = _folder, MaximumLength = 8, Prompts = new Dictionary<string, string> { ["query"] = "Query: " }, DefaultPrompt = "query" }.Write(_folder, 8);
        Damage(file, () => SentenceTransformerFolder.Read(_folder).Prepare("text"));
    }

    private static Gpt2Model Tiny()
    {
        Gpt2Model model = new(new Gpt2Config { VocabularySize = 64, MaximumLength = 8, Width = 8, Layers = 2, Heads = 2, EndOfText = [3] });
        model.Initialize(new RandomStream(5));
        return model;
    }

    private void DamageModel(string file, long maximumShardBytes)
    {
        using (Gpt2Model model = Tiny()) HuggingFaceFolder.Save(_folder, model, maximumShardBytes: maximumShardBytes);
        Damage(file, () =>
        {
            if (file == "generation_config.json") GenerationOptions.FromFolder(_folder);
            Exception? mapped = Record.Exception(() => Load(WeightLoading.Mapped));
            try
            {
                Load(WeightLoading.Copied);
            }
            catch (Exception error)
            {
                // What is refused is refused whichever way it is loaded, before a byte is mapped.
                Assert.Equal((error.GetType(), error.Message), (mapped?.GetType(), mapped?.Message));
                throw;
            }
            Assert.Null(mapped);
        });

        void Load(WeightLoading loading)
        {
            using DecoderModel model = HuggingFaceFolder.LoadDecoder(_folder, loading: loading);
            AssertAccountedFor(model.ParameterCount);
        }
    }

    /// <summary>What was allocated for weights, the weights in the files account for.</summary>
    private void AssertAccountedFor(long numbers) => Assert.True(numbers <= Directory.GetFiles(_folder, "*.safetensors").Sum(one => new FileInfo(one).Length));

    private void Damage(string file, Action read)
    {
        string path = Assert.Single(Directory.GetFiles(_folder, file));
        file = Path.GetFileName(path);
        byte[] whole = File.ReadAllBytes(path);
        int reads = 0, errors = 0;
        for (int seed = 0; seed < Damages; seed++)
        {
            Mutations mutations = new(seed);
            bool isSafetensors = file.EndsWith(".safetensors", StringComparison.Ordinal);
            byte[] damaged = mutations.Next(isSafetensors ? 4 : 2) switch
            {
                0 => mutations.OfBytes(whole),
                1 when !isSafetensors => Encoding.UTF8.GetBytes(mutations.OfJson(Encoding.UTF8.GetString(whole))),
                1 => mutations.OfLength(whole),
                _ => mutations.OfHeader(whole),
            };
            File.WriteAllBytes(path, damaged);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read();
                reads++;
            }
            catch (Exception error) when (error is InvalidDataException or NotSupportedException or IOException)
            {
                Assert.True(error.Message.Contains(_folder, StringComparison.Ordinal) || error.Message.Contains(file, StringComparison.Ordinal), $"seed {seed}: {error.Message}");
                Assert.True(error.Message.Length < LongestMessage, $"seed {seed}: a message of {error.Message.Length} characters");
                errors++;
            }
            catch (Exception error) when (error is not Xunit.Sdk.IAssertionException)
            {
                Assert.Fail($"seed {seed}: {error}");
            }
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < MostManagedBytes, $"seed {seed}: {allocated} bytes");
        }
        // Both happen, or the damages are of no use.
        Assert.True(reads > 0 && errors > Damages / 10, $"{reads} reads, {errors} errors");
    }
}
