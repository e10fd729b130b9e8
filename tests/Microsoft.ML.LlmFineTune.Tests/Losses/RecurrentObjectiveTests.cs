using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Models.Recurrent;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Losses;

public sealed class RecurrentObjectiveTests
{
    private static readonly RecurrentConfig Config = new() { VocabularySize = 7, EmbeddingWidth = 6, HiddenWidth = 8, Layers = 2, InitializerRange = 1 };
    private static readonly TokenBatch Batch = new(2, 5, [1, 2, 3, 4, 5, 6, 0, 1, 2, 3], [2, 3, 4, 5, 6, 0, -100, 2, 3, -100]);

    public RecurrentObjectiveTests() => NativeRuntime.Initialize();

    [Fact]
    public void Without_options_it_is_the_next_token_loss()
    {
        using var scope = NewDisposeScope();
        using RecurrentLanguageModel model = New();
        MetricSums mine = new(), theirs = new();
        Assert.Equal(new NextTokenObjective().SummedLoss(model, Batch, theirs).item<float>(), new RecurrentObjective().SummedLoss(model, Batch, mine).item<float>(), 1e-6f);
        Assert.Equal(theirs.Means(), mine.Means());
    }

    [Fact]
    public void Pieces_change_the_gradient_and_not_the_loss()
    {
        using var scope = NewDisposeScope();
        using RecurrentLanguageModel model = New();
        (float Loss, float[] Gradient) Of(int? length)
        {
            model.zero_grad();
            MetricSums metrics = new();
            Tensor loss = new RecurrentObjective(new() { PieceLength = length }).SummedLoss(model, Batch, metrics);
            loss.backward();
            return (loss.item<float>(), [.. model.parameters().First().grad!.reshape(-1).data<float>()]);
        }
        (float whole, float[] full) = Of(null);
        (float pieces, float[] cut) = Of(2);
        Assert.Equal(whole, pieces, 1e-5f);
        Assert.Equal(full, Of(5).Gradient);
        Assert.NotEqual(full, cut);
    }

    [Fact]
    public void Penalties_are_those_of_the_paper_and_for_training_only()
    {
        using var scope = NewDisposeScope();
        using RecurrentLanguageModel model = New();
        model.train();
        RecurrentObjective objective = new(new() { ActivationPenalty = 2, ChangePenalty = 3 });
        float plain = new NextTokenObjective().SummedLoss(model, Batch).item<float>(), penalised = objective.SummedLoss(model, Batch).item<float>();
        float[] states = [.. model.Forward(tensor(Batch.Tokens, [2, 5])).reshape(-1).data<float>()];   // [2, 5, 8]
        double activation = states.Average(value => (double)value * value);
        double change = Enumerable.Range(0, states.Length).Where(i => i / 8 % 5 != 4).Average(i => Math.Pow(states[i + 8] - states[i], 2));
        Assert.Equal(plain + (Batch.TargetCount * ((2 * activation) + (3 * change))), penalised, 1e-4);
        model.eval();
        Assert.Equal(plain, objective.SummedLoss(model, Batch).item<float>(), 1e-6f);
    }

    [Fact]
    public void Other_models_and_options_out_of_range_are_refused()
    {
        using Gpt2Model other = new(new Gpt2Config { VocabularySize = 7, MaximumLength = 8, Width = 4, Layers = 1, Heads = 1 });
        Assert.Contains("received a Gpt2Model", Assert.Throws<ArgumentException>(() => new RecurrentObjective().SummedLoss(other, Batch)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new RecurrentObjective(new() { PieceLength = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RecurrentObjective(new() { ActivationPenalty = -1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RecurrentObjective(new() { ChangePenalty = double.NaN }));
        RecurrentObjectiveOptions defaults = new();
        Assert.Equal((null, 0.0, 0.0), (defaults.PieceLength, defaults.ActivationPenalty, defaults.ChangePenalty));
    }

    private static RecurrentLanguageModel New()
    {
        RecurrentLanguageModel model = new(Config);
        model.Initialize(new RandomStream(3));
        return model;
    }
}
