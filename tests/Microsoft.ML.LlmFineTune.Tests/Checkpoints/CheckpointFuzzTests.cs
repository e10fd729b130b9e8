using System.Text;
using Microsoft.ML.LlmFineTune.Checkpoints;
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

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("config.json")]
    [InlineData("generation_config.json")]
    public void A_damaged_file_of_a_model_in_one_file_does_no_harm(string file) => Damage(file, long.MaxValue);

    [Theory]
    [InlineData("model.safetensors.index.json")]
    [InlineData("model-00002-of-*.safetensors")]
    [InlineData("config.json")]
    public void A_damaged_file_of_a_model_in_shards_does_no_harm(string file) => Damage(file, 3000);

    private void Damage(string file, long maximumShardBytes)
    {
        using (Gpt2Model model = new(new Gpt2Config { VocabularySize = 64, MaximumLength = 8, Width = 8, Layers = 2, Heads = 2, EndOfText = [3] }))
        {
            model.Initialize(new RandomStream(5));
            HuggingFaceFolder.Save(_folder, model, maximumShardBytes: maximumShardBytes);
        }
        string path = Assert.Single(Directory.GetFiles(_folder, file));
        file = Path.GetFileName(path);
        byte[] whole = File.ReadAllBytes(path);
        int models = 0, errors = 0;
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
                using DecoderModel model = HuggingFaceFolder.LoadDecoder(_folder);
                // What was allocated for weights, the weights in the files account for.
                Assert.True(model.ParameterCount <= Directory.GetFiles(_folder, "*.safetensors").Sum(one => new FileInfo(one).Length));
                models++;
            }
            catch (Exception error) when (error is InvalidDataException or NotSupportedException or IOException)
            {
                Assert.True(error.Message.Contains(_folder, StringComparison.Ordinal) || error.Message.Contains(file, StringComparison.Ordinal), $"seed {seed}: {error.Message}");
                Assert.True(error.Message.Length < 5000, $"seed {seed}: a message of {error.Message.Length} characters");
                errors++;
            }
            catch (Exception error)
            {
                Assert.Fail($"seed {seed}: {error}");
            }
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < MostManagedBytes, $"seed {seed}: {allocated} bytes");
        }
        // Both happen, or the damages are of no use.
        Assert.True(models > 0 && errors > Damages / 10, $"{models} models, {errors} errors");
    }
}
