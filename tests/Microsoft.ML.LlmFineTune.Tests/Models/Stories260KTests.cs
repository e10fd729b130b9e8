using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Generation;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Models;

/// <summary>A published Llama that has learnt to tell stories, against a float64 forward pass that was written for the purpose (Karpathy's stories260K).</summary>
public sealed class Stories260KTests
{
    private const string Folder = "data/checkpoints/stories260K";

    [Fact]
    public void ItTellsTheStoryThatItIsKnownFor()
    {
        JsonNode reference = SharedFixtures.Json($"{Folder}/reference.json");
        using DecoderModel model = HuggingFaceFolder.LoadDecoder(SharedFixtures.Path(Folder));
        int[] expected = Ints(reference["greedy_ids_after_bos_200_steps"]!);
        GeneratedTokens story = Assert.Single(new TokenGenerator(model).Generate([[1]], new GenerationOptions { Temperature = 0, MaxNewTokens = expected.Length }, TestContext.Current.CancellationToken));
        Assert.Equal(expected, story.Tokens);
    }

    [Fact]
    public void ScoresAndLossesAreTheReferences()
    {
        JsonNode reference = SharedFixtures.Json($"{Folder}/reference.json");
        using DecoderModel model = HuggingFaceFolder.LoadDecoder(SharedFixtures.Path(Folder));
        using IDisposable withoutGradients = no_grad();
        long[] prompt = [.. Ints(reference["prompt_ids_with_bos"]!).Select(id => (long)id)];
        Tensor logits = model.Logits(model.Forward(tensor(prompt, [1, prompt.Length])))[0];                    // [sequence, vocabulary]
        AssertScores("prompt_logits_pos0_first16", logits[0]);
        AssertScores("prompt_logits_last_first16", logits[prompt.Length - 1]);
        Assert.Equal((long)reference["prompt_logits_last_argmax"]!, logits[prompt.Length - 1].argmax().item<long>());
        double[] losses = Doubles("prompt_nll_per_token");
        Tensor logProbabilities = nn.functional.log_softmax(logits, -1);
        for (int i = 0; i < losses.Length; i++) Assert.Equal(losses[i], -logProbabilities[i, prompt[i + 1]].item<float>(), 1e-4);
        Assert.Equal((double)reference["prompt_mean_nll"]!, losses.Average(), 1e-9);

        void AssertScores(string key, Tensor scores)
        {
            double[] expected = Doubles(key);
            for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], scores[i].item<float>(), 1e-4);
        }

        double[] Doubles(string key) => [.. reference[key]!.AsArray().Select(number => (double)number!)];
    }

    [Fact]
    public void APromptBeginsWithTheTokenThatTheModelLearntTextsToBeginWith()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        JsonNode reference = SharedFixtures.Json($"{Folder}/reference.json");
        using DecoderModel model = HuggingFaceFolder.LoadDecoder(SharedFixtures.Path(Folder));
        TextGenerator texts = new(model, TokenizerAdapter.Of(Tokenizer()));
        TokenGenerator tokens = new(model);
        GenerationOptions options = new() { Temperature = 0, MaxNewTokens = 40 };
        string prompt = (string)reference["prompt"]!;
        int[] ids = Ints(reference["prompt_ids_with_bos"]!);
        int[] Continued(int[] from) => [.. tokens.Generate([from], options, cancellation)[0].Tokens];

        Assert.Equal(Continued(ids), texts.Generate(prompt, options, cancellation).Tokens);
        // The model tells another story when nothing says that a text begins.
        Assert.NotEqual(Continued(ids), Continued(ids[1..]));
        Assert.Equal(Continued(ids[1..]), texts.Generate(prompt, options with { AddSpecialTokens = false }, cancellation).Tokens);
        // Nothing at all is the beginning of a text, too.
        Assert.Equal((string)reference["greedy_text"]!, texts.Generate("", options with { MaxNewTokens = 200 }, cancellation).Text);
    }

    [Fact]
    public void ItsTokenizerCutsTextsAsLlamas()
    {
        TokenizerModel tokenizer = Tokenizer();
        foreach ((string text, JsonNode? ids) in SharedFixtures.Json($"{Folder}/reference.json")["encode_vectors"]!.AsObject()) Assert.Equal(Ints(ids!), tokenizer.Encode(text).Ids);
    }

    /// <summary>tok512.bin (Karpathy's llama2.c): the length of the longest token, then each token's score, length and bytes. It was made from a SentencePiece model, and becomes one again.</summary>
    private static TokenizerModel Tokenizer()
    {
        ReadOnlySpan<byte> bytes = File.ReadAllBytes(SharedFixtures.Path($"{Folder}/tok512.bin")).AsSpan(4);
        List<SentencePieceEntry> pieces = [];
        while (!bytes.IsEmpty)
        {
            float score = BinaryPrimitives.ReadSingleLittleEndian(bytes);
            int length = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
            string piece = Encoding.UTF8.GetString(bytes.Slice(8, length)).Replace(' ', '\u2581');
            pieces.Add(pieces.Count switch
            {
                0 => new(piece, score, SentencePieceKind.Unknown),
                1 or 2 => new(piece.Trim('\n'), score, SentencePieceKind.Control),
                < 259 => new(piece, score, SentencePieceKind.Byte),
                _ => new(piece, score, SentencePieceKind.Normal),
            });
            bytes = bytes[(8 + length)..];
        }
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            new SentencePieceModel { Pieces = pieces, Trainer = new() { Algorithm = SentencePieceAlgorithm.Bpe, ByteFallback = true } }.Save(Path.Combine(folder, "tokenizer.model"));
            File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{ "tokenizer_class": "LlamaTokenizer", "add_bos_token": true, "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>" }""");
            return TokenizerModel.LoadFolder(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static int[] Ints(JsonNode list) => [.. list.AsArray().Select(number => (int)number!)];
}
