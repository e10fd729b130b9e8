using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Batches.Rows;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Losses;

public sealed class ObjectiveOptionsTests
{
    public ObjectiveOptionsTests() => NativeRuntime.Initialize();

    [Fact]
    public void Options_have_their_defaults_and_ranges()
    {
        TokenLossOptions tokens = new();
        Assert.Equal((0.0, 0.0), (tokens.LabelSmoothing, tokens.NormalizerPenalty));
        ClassificationOptions classes = new();
        Assert.Equal((0.0, null, null), (classes.LabelSmoothing, classes.ClassWeights, classes.FocalGamma));
        RankingOptions ranking = new();
        Assert.Equal((20.0, SimilarityKind.Cosine, false, 0.0), (ranking.Scale, ranking.Similarity, ranking.IsSymmetric, ranking.LabelSmoothing));
        SimilarityOptions similarity = new();
        Assert.Equal((SimilarityLossKind.Cosine, 20.0, 0.5, DistanceKind.Cosine), (similarity.Loss, similarity.Scale, similarity.Margin, similarity.Distance));
        DistillationOptions distillation = new();
        Assert.Equal((DistillationLossKind.Forward, 2.0, 0.5), (distillation.Loss, distillation.Temperature, distillation.TeacherPart));
        foreach (Action refused in (Action[])
        [
            (tokens with { LabelSmoothing = 1 }).Validate, (tokens with { NormalizerPenalty = -1 }).Validate,
            (classes with { LabelSmoothing = -0.1 }).Validate, (classes with { FocalGamma = -1 }).Validate, (classes with { ClassWeights = [1, -1] }).Validate, (classes with { FocalGamma = 1, LabelSmoothing = 0.1 }).Validate,
            (ranking with { Scale = 0 }).Validate, (ranking with { LabelSmoothing = 1 }).Validate, (ranking with { Similarity = (SimilarityKind)9 }).Validate,
            (similarity with { Scale = 0 }).Validate, (similarity with { Margin = 0 }).Validate, (similarity with { Loss = (SimilarityLossKind)9 }).Validate, (similarity with { Distance = (DistanceKind)9 }).Validate,
            (distillation with { Temperature = 0 }).Validate, (distillation with { TeacherPart = 2 }).Validate, (distillation with { Loss = (DistillationLossKind)9 }).Validate,
            () => new RegressionObjective(0), () => new MultiLabelObjective([0]), () => new TripletObjective(-1), () => new TripletObjective(1, (DistanceKind)9), () => new TwoViewsObjective(0),
        ])
        {
            Assert.ThrowsAny<ArgumentException>(refused);
        }
    }

    [Fact]
    public void What_is_added_in_training_is_left_out_of_evaluation()
    {
        using var scope = NewDisposeScope();
        using DecoderModel model = TinyModels.Decoder();
        TokenBatch batch = PaddedRows.Of([CompletionRows.Of([1, 5, 6, 2])], 0);
        NextTokenObjective objective = new(new() { LabelSmoothing = 0.2, NormalizerPenalty = 0.1 });
        model.eval();
        float plain = new NextTokenObjective().SummedLoss(model, batch).item<float>();
        Assert.Equal(plain, objective.SummedLoss(model, batch).item<float>());
        model.train();
        Tensor logits = model.Logits(model.Forward(tensor(batch.Tokens, [1, 4]))).squeeze(0).narrow(0, 0, 3), targets = tensor(batch.Targets).narrow(0, 0, 3);
        Assert.Equal(CrossEntropy.Sum(logits, targets, 0.2, normalizerPenalty: 0.1).item<float>(), objective.SummedLoss(model, batch).item<float>(), 1e-5f);
        Assert.NotEqual(plain, objective.SummedLoss(model, batch).item<float>(), 1e-3f);
    }

    [Fact]
    public void A_student_that_is_its_teacher_has_nothing_to_learn()
    {
        using var scope = NewDisposeScope();
        using DecoderModel student = TinyModels.Decoder(), teacher = TinyModels.Decoder();
        TokenBatch batch = PaddedRows.Of([CompletionRows.Of([1, 5, 6, 2]), CompletionRows.Of([1, 7, 2])], 0);
        teacher.train();
        foreach (DistillationLossKind loss in Enum.GetValues<DistillationLossKind>())
        {
            MetricSums metrics = new();
            Assert.Equal(0, new DistillationObjective(teacher, new() { Loss = loss, TeacherPart = 1 }).SummedLoss(student, batch, metrics).item<float>(), 1e-4f);
            Assert.Equal(1, metrics.Means()[DistillationObjective.Agreement]);
        }
        Assert.False(teacher.training);
        Assert.All(teacher.parameters(), parameter => Assert.Null(parameter.grad));
        Assert.Equal(new NextTokenObjective().SummedLoss(student, batch).item<float>(), new DistillationObjective(teacher, new() { TeacherPart = 0 }).SummedLoss(student, batch).item<float>(), 1e-5f);
        Assert.Contains("two models", Assert.Throws<ArgumentException>(() => new DistillationObjective(student).SummedLoss(student, batch)).Message, StringComparison.Ordinal);
        Assert.Contains("knows decoders", Assert.Throws<ArgumentException>(() => new DistillationObjective(teacher).SummedLoss(TinyModels.Embedder(), batch)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_generator_fills_hidden_places_by_the_row_alone()
    {
        using var scope = NewDisposeScope();
        using ReplacedTokenDetector detector = TinyModels.Detector();
        using MaskedLanguageModel generator = TinyModels.Masked(5);
        detector.eval();
        TokenRow[] rows = [new([1, 4, 6, 4, 2], [-100, 5, -100, 7, -100]), new([1, 4, 2], [-100, 9, -100])];
        ReplacedTokenObjective objective = new(generator);
        float together = objective.SummedLoss(detector, PaddedRows.Of(rows, 0)).item<float>();
        float apart = rows.Sum(row => objective.SummedLoss(detector, PaddedRows.Of([row], 0)).item<float>());
        Assert.Equal(together, apart, 1e-4f);
        Assert.Equal(8, objective.Weight(PaddedRows.Of(rows, 0)));
    }

    [Fact]
    public void Weights_and_values_must_be_as_many_as_the_model_has_outputs()
    {
        using var scope = NewDisposeScope();
        using SequenceClassifier model = TinyModels.Classifier();
        TokenBatch classes = PaddedRows.Of([TextRows.WithClass([1, 2], 2)], 0), values = PaddedRows.Of([TextRows.WithValues([1, 2], 1, 0)], 0);
        Assert.Contains("one for each of 3 classes; received 2", Message(() => new ClassificationObjective(new ClassificationOptions { ClassWeights = [1, 2] }).SummedLoss(model, classes)), StringComparison.Ordinal);
        Assert.Contains("2 class weights; the batch has the target 2", Message(() => new ClassificationObjective(new ClassificationOptions { ClassWeights = [1, 2] }).Weight(classes)), StringComparison.Ordinal);
        Assert.Contains("needs 3 values a row; received 2", Message(() => new RegressionObjective().SummedLoss(model, values)), StringComparison.Ordinal);
        Assert.Contains("needs 3 values a row; received 0", Message(() => new MultiLabelObjective().SummedLoss(model, classes)), StringComparison.Ordinal);
        Assert.Contains("one for each of 3 labels; received 1", Message(() => new MultiLabelObjective([1]).SummedLoss(model, values)), StringComparison.Ordinal);
        Assert.Contains("at least 2 rows a unit, side by side; received 1", Message(() => new RankingObjective().SummedLoss(TinyModels.Embedder(), values)), StringComparison.Ordinal);
        Assert.Contains("one right choice", Message(() => new MultipleChoiceObjective().SummedLoss(TinyModels.Chooser(), PaddedRows.Of([new TokenRow([1], [0]), new TokenRow([2], [0])], 0, 2))), StringComparison.Ordinal);

        static string Message(Action act) => Assert.Throws<ArgumentException>(act).Message;
    }
}
