using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Batches.Rows;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Losses;

/// <summary>What every objective promises: slices of a batch add up to the whole where it splits batches, metrics are those that it names, and other models are refused by name.</summary>
public sealed class ObjectivePromisesTests
{
    private sealed record Example(Func<IObjective> Objective, Func<nn.Module> Model, Func<TokenBatch> Batch);

    private static readonly int[][] Texts = [[1, 5, 6, 7, 2], [1, 8, 2], [1, 9, 10, 11, 12, 2], [1, 13, 14, 2], [1, 15, 5, 2], [1, 16, 17, 18, 19, 5, 2], [1, 6, 2], [1, 7, 8, 9, 2], [1, 10, 11, 2], [1, 12, 13, 14, 15, 2], [1, 16, 2], [1, 17, 18, 2]];

    private static readonly SortedDictionary<string, Example> Examples = new(StringComparer.Ordinal)
    {
        ["next token"] = new(() => new NextTokenObjective(), () => TinyModels.Decoder(), () => Rows(text => CompletionRows.Of(text))),
        ["next token, smoothed"] = new(() => new NextTokenObjective(new() { LabelSmoothing = 0.1, NormalizerPenalty = 0.01 }), () => TinyModels.Decoder(), () => Rows(text => CompletionRows.OfPrompt(text[..1], text[1..]))),
        ["next token, packed"] = new(() => new NextTokenObjective(), () => TinyModels.Decoder(), () => PaddedRows.Of(PackedRows.Of([.. Texts.Select(text => CompletionRows.Of(text))], 9), 0)),
        ["masked token"] = new(() => new MaskedTokenObjective(), () => TinyModels.Masked(), Masked),
        ["masked token, smoothed"] = new(() => new MaskedTokenObjective(new() { LabelSmoothing = 0.1 }), () => TinyModels.Masked(), Masked),
        ["sequence to sequence"] = new(() => new SequenceToSequenceObjective(new() { LabelSmoothing = 0.1 }), () => TinyModels.EncoderDecoder(), Translations),
        ["replaced token"] = new(() => new ReplacedTokenObjective(), TinyModels.Detector, Masked),
        ["replaced token, generator"] = new(() => new ReplacedTokenObjective(TinyModels.Masked(5)), TinyModels.Detector, Masked),
        ["classes"] = new(() => new ClassificationObjective(), () => TinyModels.Classifier(), Classes),
        ["classes, weights"] = new(() => new ClassificationObjective(new ClassificationOptions { ClassWeights = [0.5f, 1, 3], LabelSmoothing = 0.1 }), () => TinyModels.Classifier(), Classes),
        ["classes, focal"] = new(() => new ClassificationObjective(new ClassificationOptions { ClassWeights = [0.5f, 1, 3], FocalGamma = 2 }), () => TinyModels.Classifier(), Classes),
        ["several labels"] = new(() => new MultiLabelObjective([1, 2, 3]), () => TinyModels.Classifier(ClassificationProblem.MultiLabel), Numbers),
        ["numbers"] = new(() => new RegressionObjective(), () => TinyModels.Classifier(ClassificationProblem.Regression), Numbers),
        ["numbers, smooth"] = new(() => new RegressionObjective(0.5), () => TinyModels.Classifier(ClassificationProblem.Regression), Numbers),
        ["token labels"] = new(() => new TokenLabelObjective(new() { ClassWeights = [0.5f, 1, 3] }), () => TinyModels.TokenClassifier(), Labels),
        ["answers"] = new(() => new AnswerSpanObjective(), TinyModels.Reader, () => Rows(text => new TokenRow(text, [1, text.Length - 1]))),
        ["choices"] = new(() => new MultipleChoiceObjective(), TinyModels.Chooser, () => PaddedRows.Of([.. Texts.Chunk(3).SelectMany((texts, i) => TextRows.Choices(texts, i % 3))], 0, 3)),
        ["similarity"] = new(() => new SimilarityObjective(), TinyModels.Embedder, Pairs),
        ["similarity, margin"] = new(() => new SimilarityObjective(new() { Loss = SimilarityLossKind.Margin, Distance = DistanceKind.Euclidean, Margin = 2 }), TinyModels.Embedder, Pairs),
        ["similarity, order"] = new(() => new SimilarityObjective(new() { Loss = SimilarityLossKind.Order }), TinyModels.Embedder, Pairs),
        ["triplets"] = new(() => new TripletObjective(), TinyModels.Embedder, Triplets),
        ["ranking"] = new(() => new RankingObjective(), TinyModels.Embedder, Triplets),
        ["two views"] = new(() => new TwoViewsObjective(), TinyModels.Embedder, () => Rows(text => new TokenRow(text, []))),
        ["distilled tokens"] = new(() => new DistillationObjective(TinyModels.Decoder(7)), () => TinyModels.Decoder(), () => Rows(text => CompletionRows.Of(text))),
        ["distilled classes"] = new(() => new DistillationObjective(TinyModels.Classifier(seed: 7), new() { Loss = DistillationLossKind.Reverse, TeacherPart = 1 }), () => TinyModels.Classifier(), Classes),
        ["distilled labels"] = new(() => new DistillationObjective(TinyModels.TokenClassifier(7), new() { Loss = DistillationLossKind.Logits }), () => TinyModels.TokenClassifier(), Labels),
        ["distilled hidden tokens"] = new(() => new DistillationObjective(TinyModels.Masked(7)), () => TinyModels.Masked(), Masked),
        ["distilled translations"] = new(() => new DistillationObjective(TinyModels.EncoderDecoder(7)), () => TinyModels.EncoderDecoder(), Translations),
        ["preferences"] = new(() => new PreferenceObjective(TinyModels.Decoder(7)), () => TinyModels.Decoder(), Preferences),
        ["preferences, several losses"] = new(() => new PreferenceObjective(TinyModels.Decoder(7), new() { LossWeight = 0.8, AddedLosses = [(PreferenceLossKind.BinaryPair, 0.2), (PreferenceLossKind.ChosenLikelihood, 1)], TailWeight = 0.5 }), () => TinyModels.Decoder(), Preferences),
        ["preferences, transport"] = new(() => new PreferenceObjective(TinyModels.Decoder(7), new() { Loss = PreferenceLossKind.OptimalTransport }), () => TinyModels.Decoder(), Preferences),
        ["preferences of translations"] = new(() => new PreferenceObjective(TinyModels.EncoderDecoder(7)), () => TinyModels.EncoderDecoder(), () => PaddedRows.Of([.. Texts.Select(text => TextRows.WithTarget([3, 4, 2], text[1..]))], 0, 2)),
        ["single completions"] = new(() => new UnpairedPreferenceObjective(TinyModels.Decoder(7)), () => TinyModels.Decoder(), Singles),
        ["single completions, against nothing"] = new(() => new UnpairedPreferenceObjective(TinyModels.Decoder(7), new() { EstimatesDivergence = false, WantedWeight = 2 }), () => TinyModels.Decoder(), Singles),
        ["without a reference"] = new(() => new ReferenceFreePreferenceObjective(), () => TinyModels.Decoder(), Preferences),
        ["without a reference, simple"] = new(() => new ReferenceFreePreferenceObjective(ReferenceFreePreferenceOptions.SimPo), () => TinyModels.Decoder(), Preferences),
        ["without a reference, odds"] = new(() => new ReferenceFreePreferenceObjective(ReferenceFreePreferenceOptions.Orpo), () => TinyModels.Decoder(), Preferences),
    };

    public ObjectivePromisesTests() => NativeRuntime.Initialize();

    public static TheoryData<string> All => [.. Examples.Keys];

    [Theory]
    [MemberData(nameof(All))]
    public void Slices_add_up_to_the_whole(string name)
    {
        using var scope = NewDisposeScope();
        (IObjective objective, nn.Module model, TokenBatch batch) = Make(name);
        bool expected = name is not ("similarity, order" or "ranking" or "two views" or "preferences, transport" or "single completions");
        Assert.Equal(expected, objective.SplitsBatches);
        Assert.True(objective.Weight(batch) > 0);
        if (!objective.SplitsBatches) return;
        (double whole, float[] gradient, MetricSums metrics) = Run(objective, model, [batch]);
        TokenBatch[] slices = [.. Slices(batch, 3)];
        (double parts, float[] ofParts, MetricSums merged) = Run(objective, model, slices);
        Assert.Equal(objective.Weight(batch), slices.Sum(objective.Weight), 1e-9);
        Assert.Equal(whole, parts, 1e-5 * Math.Max(1, Math.Abs(whole)));
        for (int i = 0; i < gradient.Length; i++) Assert.True(Math.Abs(gradient[i] - ofParts[i]) < 2e-5 * Math.Max(1, Math.Abs(gradient[i])), $"{i}: {gradient[i]} and {ofParts[i]}");
        foreach ((string metric, double mean) in metrics.Means()) Assert.Equal(mean, merged.Means()[metric], 1e-5 * Math.Max(1, Math.Abs(mean)));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_step_along_the_gradient_makes_the_loss_smaller(string name)
    {
        using var scope = NewDisposeScope();
        (IObjective objective, nn.Module model, TokenBatch batch) = Make(name);
        double before = Run(objective, model, [batch]).Loss;
        using (no_grad())
        {
            double square = model.parameters().Where(parameter => parameter.grad is not null).Sum(parameter => parameter.grad!.square().sum().item<float>());
            Assert.True(square > 1e-12, "there is no gradient");
            // A step so short that the loss falls by about a thousandth.
            double rate = 1e-3 * Math.Max(1e-3, Math.Abs(before)) / square;
            foreach (var parameter in model.parameters().Where(parameter => parameter.grad is not null)) parameter.sub_(parameter.grad! * rate);
        }
        Assert.True(objective.SummedLoss(model, batch).item<float>() < before);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Metrics_are_those_that_it_names(string name)
    {
        using var scope = NewDisposeScope();
        (IObjective objective, nn.Module model, TokenBatch batch) = Make(name);
        MetricSums metrics = new();
        using (no_grad()) objective.SummedLoss(model, batch, metrics);
        Assert.Equal(objective.Metrics.Order(StringComparer.Ordinal), metrics.Means().Keys.Order(StringComparer.Ordinal));
        Assert.All(metrics.Means().Values, value => Assert.True(double.IsFinite(value)));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Threads_do_not_disturb_each_other(string name)
    {
        (IObjective objective, nn.Module model, TokenBatch batch) = Make(name);
        if (name == "two views") return;
        model.eval();
        float expected = Once();
        float[] all = new float[4];
        using ReplicaPool pool = new(4, 1);
        pool.Run(replica => all[replica] = Once());
        Assert.All(all, loss => Assert.Equal(expected, loss, 1e-5f * Math.Max(1, Math.Abs(expected))));

        float Once()
        {
            using var scope = NewDisposeScope();
            using var noGradients = no_grad();
            return objective.SummedLoss(model, batch).item<float>();
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Other_models_are_refused_by_name(string name)
    {
        using var scope = NewDisposeScope();
        using nn.Module other = nn.Linear(2, 2);
        Assert.Contains("received a Linear", Assert.Throws<ArgumentException>(() => Examples[name].Objective().SummedLoss(other, Examples[name].Batch())).Message, StringComparison.Ordinal);
    }

    private static (IObjective Objective, nn.Module Model, TokenBatch Batch) Make(string name)
    {
        Example example = Examples[name];
        nn.Module model = example.Model();
        model.train();
        return (example.Objective(), model, example.Batch());
    }

    private static (double Loss, float[] Gradient, MetricSums Metrics) Run(IObjective objective, nn.Module model, TokenBatch[] batches)
    {
        foreach (var parameter in model.parameters()) parameter.grad = null;
        double sum = 0;
        MetricSums metrics = new();
        foreach (TokenBatch batch in batches)
        {
            Tensor loss = objective.SummedLoss(model, batch, metrics);
            Assert.Equal((0, ScalarType.Float32), (loss.dim(), loss.dtype));
            loss.backward();
            sum += loss.item<float>();
        }
        return (sum, [.. model.parameters().SelectMany(parameter => (parameter.grad ?? zeros_like(parameter)).reshape(-1).data<float>().ToArray())], metrics);
    }

    private static IEnumerable<TokenBatch> Slices(TokenBatch batch, int parts)
    {
        for (int part = 0; part < parts; part++)
        {
            int from = batch.Units * part / parts, to = batch.Units * (part + 1) / parts;
            if (to > from) yield return batch.Slice(from * batch.RowsPerUnit, (to - from) * batch.RowsPerUnit);
        }
    }

    private static TokenBatch Rows(Func<int[], TokenRow> make) => PaddedRows.Of([.. Texts.Select(make)], 0);

    private static TokenBatch Masked()
    {
        MaskingOptions options = new() { MaskToken = 4, VocabularySize = TinyModels.Vocabulary, Probability = 0.5 };
        return PaddedRows.Of([.. Texts.Select((text, i) => TokenMasking.Apply(new MaskableRow(text, [.. text.Select(token => token < 3)]), new RandomStreams(3).Masking(0, i), options))], 0);
    }

    private static TokenBatch Translations() => PaddedRows.Of([.. Texts.Select((text, i) => TextRows.WithTarget(text, Texts[^(i + 1)][1..]))], 0);

    private static TokenBatch Classes() => PaddedRows.Of([.. Texts.Select((text, i) => TextRows.WithClass(text, i == 4 ? null : i % 3))], 0);

    private static TokenBatch Numbers() => PaddedRows.Of([.. Texts.Select((text, i) => TextRows.WithValues(text, i % 2, i / 2 % 2, i / 4 % 2))], 0);

    private static TokenBatch Labels() => Rows(text => TokenLabelRows.Of(text, [.. text.Select((token, i) => token < 3 ? -1 : (i - 1) / 2)], [1, 0, 2]));

    private static TokenBatch Pairs() => PaddedRows.Of([.. Texts.Chunk(2).SelectMany((pair, i) => TextRows.Compared(pair, i % 2))], 0, 2);

    private static TokenBatch Triplets() => PaddedRows.Of([.. Texts.Chunk(3).SelectMany(triplet => TextRows.Compared(triplet))], 0, 3);

    private static TokenBatch Preferences() => PaddedRows.Of([.. Texts.Chunk(2).SelectMany(pair => PreferenceRows.OfPair([3, 4], pair[0][1..], pair[1][1..]))], 0, PreferenceRows.RowsPerUnit);

    private static TokenBatch Singles() => PaddedRows.Of(PreferenceRows.OfSingles([.. Texts.Select((text, i) => ((int[])[3, 4], text[1..], i % 3 != 0))]), 0, PreferenceRows.RowsPerUnit);
}
