// <example>
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.LlmFineTune.Training;
// </example>

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The second example of docs/training.md, word for word between the marks.</summary>
internal static class TrainerExample
{
    public static TrainingResult Run(TokenizerModel tokenizer, ModelConfig config, string textFile, string folder)
    {
        // <example>

        // The texts as token ids in a file, written once and read through memory mapping: they may be more than memory holds.
        string cacheFile = Path.Combine(folder, "texts.tokens");
        using (var writer = new TokenCacheWriter(cacheFile, tokenizer.VocabularySize, tokenizer.EndOfText!.Value))
        {
            foreach (string text in File.ReadLines(textFile)) writer.Write([.. tokenizer.EncodeToIds(text)]);
            writer.Complete();
        }
        using TokenCache cache = TokenCache.Open(cacheFile);
        var batches = new TokenCacheBatches(cache, blockLength: 32, rowsPerBatch: 8, new RandomStreams(1));

        DecoderModel model = config.CreateDecoder();
        model.Initialize(new RandomStreams(1).Initialization);
        var objective = new NextTokenObjective();
        var options = new TrainingOptions
        {
            Epochs = null, MaximumSteps = 60, AccumulatedBatches = 2, Precision = TrainingPrecision.BFloat16,
            Optimizer = new AdamWOptions { LearningRate = 1e-3 }, Schedule = new CosineSchedule { WarmupFraction = 0.1 },
        };

        // Beforehand: the memory it will need, the most rows that a batch can have, a rate to begin with. The model stays as it was.
        Console.WriteLine(TrainingMemory.Estimate(new MemoryRequest { Config = config, Rows = 8, Length = 32, Options = options, Validates = false }));
        BatchSizeResult largest = BatchSizeFinder.Find(model, objective, options, batches, new BatchSizeOptions { MaximumRows = 64 });
        double rate = LearningRateFinder.Run(model, objective, options, batches).Suggest() ?? 1e-3;

        options = options with { Optimizer = new AdamWOptions { LearningRate = rate } };
        TrainingResult result = new Trainer(model, objective, options, new TrainingProgress(Console.Out)).Train(batches);
        Console.WriteLine($"{largest.Rows} rows fit; {result.StopReason} after {result.Steps} steps, loss {result.FinalLoss:0.000}");

        // With its tokenizer it is what pipelines take. The language model owns the decoder from now on.
        using var languageModel = new LanguageModel(TokenizerAdapter.Of(tokenizer), model);
        languageModel.Save(Path.Combine(folder, "model"));
        // </example>
        return result;
    }
}
