using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Losses;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Estimators.CausalPretraining;

/// <summary>How likely a text is.</summary>
/// <param name="Tokens">Predicted tokens.</param>
/// <param name="LogProbability">Their log probability, in nats.</param>
internal readonly record struct Likelihood(int Tokens, double LogProbability);

/// <summary>Texts to likelihoods: each alone, after an end-of-text token; one longer than the model goes on in further rows.</summary>
internal sealed class LikelihoodScorer(LanguageModel model, IReadOnlyList<OutputColumn<Likelihood>> columns) : IBatchScorer<Likelihood>
{
    public IReadOnlyList<OutputColumn<Likelihood>> Columns => columns;

    public int LookAhead => 512;

    public Likelihood[] Score(IReadOnlyList<string> texts, IReadOnlyList<bool> active)
    {
        var tokens = new int[texts.Count][];
        Parallel.For(0, texts.Count, row => tokens[row] = model.Tokenizer.Encode(texts[row]));
        // The count alone needs no model.
        var sums = active[1] || active[2] ? LogProbabilities(tokens) : new double[texts.Count];
        return [.. tokens.Select((text, row) => new Likelihood(text.Length + 1, sums[row]))];
    }

    internal static IReadOnlyList<OutputColumn<Likelihood>> MakeColumns(CausalPretrainingOptions names) =>
    [
        new OutputColumn<Likelihood, int>(names.TokenCountColumnName, NumberDataViewType.Int32, (Likelihood row, ref int value) => value = row.Tokens),
        new OutputColumn<Likelihood, float>(names.LogProbabilityColumnName, NumberDataViewType.Single, (Likelihood row, ref float value) => value = (float)row.LogProbability),
        new OutputColumn<Likelihood, float>(names.PerplexityColumnName, NumberDataViewType.Single, (Likelihood row, ref float value) => value = (float)Math.Exp(-row.LogProbability / row.Tokens)),
    ];

    private double[] LogProbabilities(int[][] texts)
    {
        var runs = new List<(int Text, ArraySegment<int> Tokens)>();
        for (int text = 0; text < texts.Length; text++)
        {
            foreach (var run in CausalRows.RunsOf(texts[text], model.EndOfText, model.Decoder.TextLength))
                runs.Add((text, run));
        }
        var parts = new double[runs.Count];
        ScoringBatches.Run([.. runs.Select(run => run.Tokens.Count - 1)], model.Config.VocabularySize, model.Decoder.Device, rows =>
        {
            var batch = CausalRows.FromRuns([.. rows.Select(row => runs[row].Tokens)], model.EndOfText);
            Tensor hidden = model.Decoder.Forward(ModelInput.Tokens(batch, model.Decoder));          // [rows, length, width]
            Tensor targets = tensor(batch.Targets, [batch.Rows, batch.Length], device: model.Decoder.Device);
            for (int i = 0; i < rows.Length; i++)
            {
                using var scope = NewDisposeScope();
                int real = runs[rows[i]].Tokens.Count - 1;
                Tensor logits = model.Decoder.Logits(hidden[i].narrow(0, 0, real));                  // [real, vocabulary]
                parts[rows[i]] = -SoftmaxCrossEntropy.Sum(logits, targets[i].narrow(0, 0, real)).item<float>();
            }
        });
        var sums = new double[texts.Length];
        for (int run = 0; run < runs.Count; run++)
            sums[runs[run].Text] += parts[run];
        return sums;
    }
}
