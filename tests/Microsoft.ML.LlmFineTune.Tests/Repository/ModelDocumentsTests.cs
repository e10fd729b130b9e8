using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Models.Recurrent;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Estimators;
using Microsoft.ML.LlmFineTune.Tests.Models;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>What the documents of encoders, recurrent models, model folders and the hub show compiles; what needs no network runs.</summary>
public sealed class ModelDocumentsTests
{
    [Theory]
    [InlineData("checkpoints.md", "CheckpointsExample.cs")]
    [InlineData("encoders.md", "EncodersExample.cs")]
    [InlineData("hub.md", "HubExample.cs")]
    [InlineData("recurrent.md", "RecurrentExample.cs")]
    public void The_code_is_the_one_that_is_compiled(string document, string example) => DocumentCode.AssertIsCompiled(document, example);

    [Fact]
    public void The_code_of_encoders_runs()
    {
        GoldenModel golden = GoldenModel.Of("bert/mlm");
        string folder = ScratchFolder.New();
        using (MaskedLanguageModel model = HuggingFaceFolder.LoadMaskedLanguageModel(golden.Folder)) HuggingFaceFolder.Save(folder, model);
        new SentenceTransformerFolder { ModelFolder = folder, Pooling = Pooling.Mean, MaximumLength = 8 }.Write(folder, width: 24);
        File.WriteAllLines(Path.Combine(folder, "vocab.txt"), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "text", "another", "and"]);
        var (scores, labels, drawn, vectors) = EncodersExample.Run(folder, golden.Inputs["input_ids"], golden.Mask, ["a text", "another text and another"]);
        Assert.Equal([.. golden.Inputs["input_ids"].shape, 64], scores);
        Assert.Equal(["bad", "good"], labels);
        Assert.Contains("classifier.weight", drawn);
        Assert.Equal([2, 24], vectors);
    }

    [Fact]
    public void The_code_of_recurrent_models_runs()
    {
        MLContext mlContext = new(seed: 1);
        Assert.NotNull(RecurrentExample.Run(mlContext, Toy.Tokenizer, Toy.View(mlContext, 8)));

        using RecurrentLanguageModel model = (RecurrentLanguageModel)(RecurrentPresets.Lstm(11) with { HiddenWidth = 8, EmbeddingWidth = 8, Layers = 1 }).CreateDecoder();
        model.Initialize(new RandomStream(1));
        using FlatParameters parameters = FlatParameters.Adopt(model);
        using FlatOptimizer optimizer = new AdamWOptions { LearningRate = 0.02 }.Create(parameters);
        int[] document = [.. Enumerable.Range(0, 7000).Select(i => 1 + (i % 10))];
        List<float> losses = RecurrentExample.Run(model, [document], endOfText: 0, parameters, optimizer, rate: 0.02, seed: 1, epoch: 0);
        Assert.Equal(5, losses.Count);
        Assert.True(losses[^1] < losses[0], $"{losses[0]} to {losses[^1]}");
    }
}
