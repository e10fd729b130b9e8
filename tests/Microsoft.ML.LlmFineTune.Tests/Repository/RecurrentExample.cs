// <example>
using Microsoft.ML.LlmFineTune.Estimators;
using Microsoft.ML.LlmFineTune.Models.Recurrent;
// </example>
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The code of docs/recurrent.md, word for word between the marks.</summary>
internal static class RecurrentExample
{
    public static string Run(MLContext mlContext, TokenizerModel tokenizer, IDataView texts)
    {
        // <example>

        using var untrained = LanguageModel.Create(tokenizer, RecurrentPresets.Lstm(tokenizer.VocabularySize));
        var pretrained = mlContext.LanguageModels.PretrainCausalLanguageModel(untrained, new() { Epochs = 5 }).Fit(texts);
        string text = pretrained.Model.Generate("Once upon a time");
        // </example>
        return text;
    }

    public static List<float> Run(RecurrentLanguageModel model, IReadOnlyList<int[]> documents, int endOfText, FlatParameters parameters, FlatOptimizer optimizer, double rate, long seed, int epoch)
    {
        List<float> losses = [];
        // <example>
        ContiguousStreams source = new(documents, endOfText, length: 70, rows: 20, new RandomStreams(seed));
        RecurrentState? carried = null;
        foreach (TokenBatch batch in source.Epoch(epoch))
        {
            using var scope = NewDisposeScope();
            parameters.Gradients.zero_();
            RecurrentOutput output = model.Read(tensor(batch.Tokens, [batch.Rows, batch.Length]), carried);
            carried?.Dispose();
            carried = output.Carried;
            Tensor loss = SoftmaxCrossEntropy.Sum(model.Logits(output.Hidden).view(batch.Tokens.Length, -1), tensor(batch.Targets)) / batch.TargetCount;
            loss.backward();
            optimizer.Step(rate);
            // </example>
            losses.Add(loss.item<float>());
            // <example>
        }
        // </example>
        carried?.Dispose();
        return losses;
    }
}
