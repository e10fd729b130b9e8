using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators;

public sealed class OptionsTests
{
    [Fact]
    public void DefaultsOfTraining()
    {
        foreach (TrainingTaskOptions options in (TrainingTaskOptions[])[new CausalPretrainingOptions(), new TextClassificationOptions()])
        {
            Assert.Equal("Text", options.TextColumnName);
            Assert.Equal((3, null, 32), (options.Epochs, options.MaximumSteps, options.BatchSize));
            Assert.Equal((new CosineSchedule(), 0.05, 1, 1.0), (options.Schedule, options.WarmupFraction, options.AccumulatedBatches, options.MaximumGradientNorm!.Value));
            Assert.Equal((null, null, null, null), (options.LearningRate, options.WeightDecay, options.Beta2, options.Optimizer));
            Assert.Equal(new AdamWOptions { LearningRate = 5e-4, WeightDecay = 0.01, Beta2 = 0.99 }, options.ForTraining(seed: 0).Optimizer);
            Assert.Equal((null, null, null, null, null, null), (options.Freezing, options.Adapter, options.AdapterFolder, options.Checkpoints, options.Precision, options.Configure));
            Assert.Equal((null, null, 3), (options.ValidationData, options.ValidationInterval, options.Patience));
            Assert.Equal((null, null, ComputeDevice.Auto), (options.Seed, options.Replicas, options.Device));
            Assert.Empty(options.Observers);
            Assert.False(options.Cancellation.CanBeCanceled);
            options.Validate();
        }
    }

    [Fact]
    public void DefaultsOfTasks()
    {
        var classification = new TextClassificationOptions();
        Assert.Equal(("Label", "PredictedLabel", "Score"), (classification.LabelColumnName, classification.PredictedLabelColumnName, classification.ScoreColumnName));
        Assert.Equal((null, null, null), (classification.ValidationLabelColumnName, classification.MaximumTokens, classification.Pooling));

        Assert.Equal(0, classification.LabelSmoothing);

        var embedding = new TextEmbeddingOptions();
        Assert.Equal(("Text", "Embedding"), (embedding.TextColumnName, embedding.EmbeddingColumnName));
        Assert.Equal((null, null, null, null), (embedding.Pooling, embedding.Normalize, embedding.MaximumTokens, embedding.Prompt));
        embedding.Validate();

        var pretraining = new CausalPretrainingOptions();
        Assert.Equal(("TokenCount", "LogProbability", "Perplexity"), (pretraining.TokenCountColumnName, pretraining.LogProbabilityColumnName, pretraining.PerplexityColumnName));
        Assert.Equal((null, true), (pretraining.SequenceLength, pretraining.PackTexts));

        var generation = new TextGenerationOptions();
        Assert.Equal(("Prompt", "GeneratedText", 32), (generation.PromptColumnName, generation.GeneratedTextColumnName, generation.BatchSize));

        var tokenizer = new TokenizerTrainingOptions();
        Assert.Equal(("Text", "Tokens", 4096, null), (tokenizer.TextColumnName, tokenizer.TokensColumnName, tokenizer.Recipe.VocabularySize, tokenizer.Progress));
        Assert.False(tokenizer.Cancellation.CanBeCanceled);

        var tokens = new TextTokenizationOptions();
        Assert.Equal(("Text", null, "Ids", TokenIdType.Int32), (tokens.TextColumnName, tokens.PairColumnName, tokens.IdsColumnName, tokens.IdType));
        Assert.All(
            (string?[])[tokens.TokensColumnName, tokens.AttentionMaskColumnName, tokens.SpecialTokensMaskColumnName, tokens.TypeIdsColumnName, tokens.WordIdsColumnName, tokens.StartsColumnName, tokens.EndsColumnName, tokens.TokenCountColumnName, tokens.TruncatedTokensColumnName],
            Assert.Null);
        Assert.Equal((true, null, TruncationStrategy.LongestFirst, TruncationSide.Right), (tokens.AddSpecialTokens, tokens.MaximumTokens, tokens.TruncationStrategy, tokens.TruncationSide));
        Assert.Equal((false, PaddingSide.Right, null, null), (tokens.PadToMaximum, tokens.PaddingSide, tokens.PaddingId, tokens.Facts));
        Assert.False(tokens.Cancellation.CanBeCanceled);
        tokens.Validate();
    }

    [Fact]
    public void EveryValueIsChecked()
    {
        var valid = new TextClassificationOptions();
        foreach (TextClassificationOptions options in (TextClassificationOptions[])
        [
            valid with { TextColumnName = "" }, valid with { Epochs = 0 }, valid with { Epochs = null }, valid with { MaximumSteps = 0 }, valid with { BatchSize = 0 },
            valid with { LearningRate = -1 }, valid with { Schedule = new CosineSchedule { Floor = 2 } }, valid with { WarmupFraction = 1 }, valid with { Schedule = new PlateauSchedule { HigherIsBetter = true } },
            valid with { WeightDecay = -1 }, valid with { Beta2 = 1 }, valid with { MaximumGradientNorm = 0 }, valid with { ValidationInterval = 0 }, valid with { Patience = 0 },
            valid with { Replicas = 0 }, valid with { Device = (ComputeDevice)9 }, valid with { Observers = null! }, valid with { Observers = [null!] },
            valid with { LabelColumnName = "" }, valid with { PredictedLabelColumnName = " " }, valid with { ScoreColumnName = "" }, valid with { ScoreColumnName = "PredictedLabel" }, valid with { MaximumTokens = 1 }, valid with { Pooling = (Pooling)9 }, valid with { LabelSmoothing = -0.1 }, valid with { LabelSmoothing = 1 },
        ])
            Assert.ThrowsAny<ArgumentException>(options.Validate);
        var pretraining = new CausalPretrainingOptions();
        foreach (CausalPretrainingOptions options in (CausalPretrainingOptions[])
        [
            pretraining with { SequenceLength = 1 }, pretraining with { TokenCountColumnName = "" }, pretraining with { LogProbabilityColumnName = "" }, pretraining with { PerplexityColumnName = "" }, pretraining with { PerplexityColumnName = "TokenCount" },
        ])
            Assert.ThrowsAny<ArgumentException>(options.Validate);
        var embedding = new TextEmbeddingOptions();
        foreach (TextEmbeddingOptions options in (TextEmbeddingOptions[])
        [
            embedding with { TextColumnName = "" }, embedding with { EmbeddingColumnName = " " }, embedding with { Pooling = (TextEmbeddingPooling)9 }, embedding with { MaximumTokens = 1 },
        ])
            Assert.ThrowsAny<ArgumentException>(options.Validate);
        var generation = new TextGenerationOptions();
        foreach (TextGenerationOptions options in (TextGenerationOptions[])
        [
            generation with { PromptColumnName = "" }, generation with { GeneratedTextColumnName = "" }, generation with { BatchSize = 0 }, generation with { Generation = new() { MaxNewTokens = 0 } },
        ])
            Assert.ThrowsAny<ArgumentException>(options.Validate);
        var tokenizer = new TokenizerTrainingOptions();
        foreach (TokenizerTrainingOptions options in (TokenizerTrainingOptions[])
        [
            tokenizer with { TextColumnName = "" }, tokenizer with { TokensColumnName = "" }, tokenizer with { Recipe = null! },
        ])
            Assert.ThrowsAny<ArgumentException>(options.Validate);
        var tokens = new TextTokenizationOptions();
        foreach (TextTokenizationOptions options in (TextTokenizationOptions[])
        [
            tokens with { TextColumnName = "" }, tokens with { PairColumnName = " " }, tokens with { IdsColumnName = "" }, tokens with { IdsColumnName = null }, tokens with { TokensColumnName = "Ids" }, tokens with { EndsColumnName = "" },
            tokens with { IdType = (TokenIdType)9 }, tokens with { TruncationStrategy = (TruncationStrategy)9 }, tokens with { TruncationSide = (TruncationSide)9 }, tokens with { PaddingSide = (PaddingSide)9 },
            tokens with { TruncationStrategy = TruncationStrategy.OnlySecond }, tokens with { MaximumTokens = 0 }, tokens with { PadToMaximum = true }, tokens with { PaddingId = -1 },
        ])
            Assert.ThrowsAny<ArgumentException>(options.Validate);
    }

    [Fact]
    public void OptionsReachTheTrainer()
    {
        var options = new CausalPretrainingOptions
        {
            Epochs = 2, MaximumSteps = 15, LearningRate = 0.1, Schedule = new LinearSchedule { Floor = 0.3 }, WarmupFraction = 0.2, WeightDecay = 0.4, Beta2 = 0.95,
            MaximumGradientNorm = 2, ValidationInterval = 7, Patience = 4, Replicas = 3, Device = ComputeDevice.Cpu, ValidationData = new MLContext().Data.LoadFromEnumerable<LabeledRow>([]),
        };
        var training = options.ForTraining(seed: 6);
        Assert.Equal((2, 15L, 6L), (training.Epochs, training.MaximumSteps, training.Seed));
        Assert.Equal((0.1, 0.4, 0.95), (training.Optimizer.LearningRate, training.Optimizer.WeightDecay, Assert.IsType<AdamWOptions>(training.Optimizer).Beta2));
        Assert.Equal((new LinearSchedule { Floor = 0.3, WarmupFraction = 0.2 }, 2.0), (training.Schedule, training.MaximumGradientNorm!.Value));
        // What the schedule itself says about its beginning counts.
        foreach (LearningRateSchedule schedule in new LearningRateSchedule[] { new LinearSchedule { WarmupSteps = 0 }, new LinearSchedule { WarmupFraction = 0.5 }, new OneCycleSchedule() })
            Assert.Same(schedule, (options with { Schedule = schedule }).ForTraining(6).Schedule);
        Assert.Equal((7L, 4, 3, ComputeDevice.Cpu), (training.ValidationInterval, training.EarlyStopping!.Patience, training.Replicas, training.Device));
        Assert.Equal("loss", training.EarlyStopping.Metric);
        Assert.Null((options with { ValidationData = null }).ForTraining(6).EarlyStopping);
        var classification = new TextClassificationOptions { ValidationData = options.ValidationData }.ForTraining(6).EarlyStopping!;
        Assert.Equal(("accuracy", true), (classification.Metric, classification.HigherIsBetter));
        // Without patience the best weights are still those of the best accuracy.
        var patient = new TextClassificationOptions { ValidationData = options.ValidationData, Patience = null }.ForTraining(6).EarlyStopping!;
        Assert.Equal(("accuracy", int.MaxValue), (patient.Metric, patient.Patience));
    }
}
