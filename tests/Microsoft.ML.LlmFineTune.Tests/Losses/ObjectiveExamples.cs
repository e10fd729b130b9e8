using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Batches.Rows;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Losses.Functions;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Losses;

/// <summary>An objective with a model that it trains and rows that it reads.</summary>
/// <param name="Objective">Makes the objective.</param>
/// <param name="Model">Makes the model, which drops nothing.</param>
/// <param name="Rows">Makes the rows, of different lengths.</param>
/// <param name="RowsPerUnit">How many belong together.</param>
internal sealed record ObjectiveExample(Func<IObjective> Objective, Func<nn.Module> Model, Func<TokenRow[]> Rows, int RowsPerUnit = 1)
{
    /// <summary>All rows in one batch.</summary>
    public TokenBatch Batch() => PaddedRows.Of(Rows(), 0, RowsPerUnit);

    /// <summary>The rows in batches, each padded to its own longest.</summary>
    public TokenBatch[] Batches(int count)
    {
        TokenRow[] rows = Rows();
        int units = rows.Length / RowsPerUnit;
        return [.. Enumerable.Range(0, count).Select(i => PaddedRows.Of(rows[(units * i / count * RowsPerUnit)..(units * (i + 1) / count * RowsPerUnit)], 0, RowsPerUnit))];
    }
}

/// <summary>Every objective in every kind of use.</summary>
internal static class ObjectiveExamples
{
    private static readonly int[][] Texts = [[1, 5, 6, 7, 2], [1, 8, 2], [1, 9, 10, 11, 12, 2], [1, 13, 14, 2], [1, 15, 5, 2], [1, 16, 17, 18, 19, 5, 2], [1, 6, 2], [1, 7, 8, 9, 2], [1, 10, 11, 2], [1, 12, 13, 14, 15, 2], [1, 16, 2], [1, 17, 18, 2]];

    private static readonly SortedDictionary<string, ObjectiveExample> Examples = new(StringComparer.Ordinal)
    {
        ["next token"] = new(() => new NextTokenObjective(), () => TinyModels.Decoder(), () => Rows(text => CompletionRows.Of(text))),
        ["next token, smoothed"] = new(() => new NextTokenObjective(new() { LabelSmoothing = 0.1, NormalizerPenalty = 0.01 }), () => TinyModels.Decoder(), () => Rows(text => CompletionRows.OfPrompt(text[..1], text[1..]))),
        ["next token, packed"] = new(() => new NextTokenObjective(), () => TinyModels.Decoder(), () => [.. PackedRows.Of([.. Texts.Select(text => CompletionRows.Of(text))], 9)]),
        ["masked token"] = new(() => new MaskedTokenObjective(), () => TinyModels.Masked(), Masked),
        ["masked token, smoothed"] = new(() => new MaskedTokenObjective(new() { LabelSmoothing = 0.1 }), () => TinyModels.Masked(), Masked),
        ["sequence to sequence"] = new(() => new SequenceToSequenceObjective(new() { LabelSmoothing = 0.1 }), () => TinyModels.EncoderDecoder(), Translations),
        ["recurrent"] = new(() => new RecurrentObjective(), () => TinyModels.Recurrent(), () => Rows(text => CompletionRows.Of(text))),
        ["recurrent, penalised, in pieces"] = new(() => new RecurrentObjective(new() { ActivationPenalty = 2, ChangePenalty = 1, PieceLength = 3 }), () => TinyModels.Recurrent(), () => Rows(text => CompletionRows.Of(text))),
        ["replaced token"] = new(() => new ReplacedTokenObjective(), TinyModels.Detector, Masked),
        ["replaced token, generator"] = new(() => new ReplacedTokenObjective(TinyModels.Masked(5)), TinyModels.Detector, Masked),
        ["classes"] = new(() => new ClassificationObjective(), () => TinyModels.Classifier(), Classes),
        ["classes, weights"] = new(() => new ClassificationObjective(new ClassificationLossOptions { ClassWeights = [0.5f, 1, 3], LabelSmoothing = 0.1 }), () => TinyModels.Classifier(), Classes),
        ["classes, focal"] = new(() => new ClassificationObjective(new ClassificationLossOptions { ClassWeights = [0.5f, 1, 3], FocalGamma = 2 }), () => TinyModels.Classifier(), Classes),
        ["several labels"] = new(() => new MultiLabelObjective([1, 2, 3]), () => TinyModels.Classifier(ClassificationProblem.MultiLabel), Numbers),
        ["numbers"] = new(() => new RegressionObjective(), () => TinyModels.Classifier(ClassificationProblem.Regression), Numbers),
        ["numbers, smooth"] = new(() => new RegressionObjective(0.5), () => TinyModels.Classifier(ClassificationProblem.Regression), Numbers),
        ["token labels"] = new(() => new TokenLabelObjective(new() { ClassWeights = [0.5f, 1, 3] }), () => TinyModels.TokenClassifier(), Labels),
        ["answers"] = new(() => new AnswerSpanObjective(), TinyModels.Reader, () => Rows(text => new TokenRow(text, [1, text.Length - 1]))),
        ["choices"] = new(() => new MultipleChoiceObjective(), TinyModels.Chooser, () => [.. Texts.Chunk(3).SelectMany((texts, i) => TextRows.Choices(texts, i % 3))], 3),
        ["similarity"] = new(() => new SimilarityObjective(), TinyModels.Embedder, Pairs, 2),
        ["similarity, margin"] = new(() => new SimilarityObjective(new() { Loss = SimilarityLossKind.Margin, Distance = DistanceKind.Euclidean, Margin = 2 }), TinyModels.Embedder, Pairs, 2),
        ["similarity, order"] = new(() => new SimilarityObjective(new() { Loss = SimilarityLossKind.Order }), TinyModels.Embedder, Pairs, 2),
        ["triplets"] = new(() => new TripletObjective(), TinyModels.Embedder, Triplets, 3),
        ["ranking"] = new(() => new RankingObjective(), TinyModels.Embedder, Triplets, 3),
        ["two views"] = new(() => new TwoViewsObjective(), TinyModels.Embedder, () => Rows(text => new TokenRow(text, []))),
        ["distilled tokens"] = new(() => new DistillationObjective(TinyModels.Decoder(7)), () => TinyModels.Decoder(), () => Rows(text => CompletionRows.Of(text))),
        ["distilled classes"] = new(() => new DistillationObjective(TinyModels.Classifier(seed: 7), new() { Loss = DistillationLossKind.Reverse, TeacherPart = 1 }), () => TinyModels.Classifier(), Classes),
        ["distilled labels"] = new(() => new DistillationObjective(TinyModels.TokenClassifier(7), new() { Loss = DistillationLossKind.Logits }), () => TinyModels.TokenClassifier(), Labels),
        ["distilled hidden tokens"] = new(() => new DistillationObjective(TinyModels.Masked(7)), () => TinyModels.Masked(), Masked),
        ["distilled translations"] = new(() => new DistillationObjective(TinyModels.EncoderDecoder(7)), () => TinyModels.EncoderDecoder(), Translations),
        ["preferences"] = new(() => new PreferenceObjective(TinyModels.Decoder(7)), () => TinyModels.Decoder(), Preferences, 2),
        ["preferences, several losses"] = new(() => new PreferenceObjective(TinyModels.Decoder(7), new() { LossWeight = 0.8, AddedLosses = [(PreferenceLossKind.BinaryPair, 0.2), (PreferenceLossKind.ChosenLikelihood, 1)], TailWeight = 0.5 }), () => TinyModels.Decoder(), Preferences, 2),
        ["preferences, transport"] = new(() => new PreferenceObjective(TinyModels.Decoder(7), new() { Loss = PreferenceLossKind.OptimalTransport }), () => TinyModels.Decoder(), Preferences, 2),
        ["preferences of translations"] = new(() => new PreferenceObjective(TinyModels.EncoderDecoder(7)), () => TinyModels.EncoderDecoder(), () => [.. Texts.Select(text => TextRows.WithTarget([3, 4, 2], text[1..]))], 2),
        ["single completions"] = new(() => new UnpairedPreferenceObjective(TinyModels.Decoder(7)), () => TinyModels.Decoder(), Singles, 2),
        ["single completions, against nothing"] = new(() => new UnpairedPreferenceObjective(TinyModels.Decoder(7), new() { EstimatesDivergence = false, WantedWeight = 2 }), () => TinyModels.Decoder(), Singles, 2),
        ["without a reference"] = new(() => new ReferenceFreePreferenceObjective(), () => TinyModels.Decoder(), Preferences, 2),
        ["without a reference, simple"] = new(() => new ReferenceFreePreferenceObjective(ReferenceFreePreferenceOptions.SimPo), () => TinyModels.Decoder(), Preferences, 2),
        ["without a reference, odds"] = new(() => new ReferenceFreePreferenceObjective(ReferenceFreePreferenceOptions.Orpo), () => TinyModels.Decoder(), Preferences, 2),
    };

    public static TheoryData<string> Names => [.. Examples.Keys];

    public static ObjectiveExample Of(string name) => Examples[name];

    /// <summary>Whether its loss compares rows of a batch with each other.</summary>
    public static bool ComparesRows(string name) => name is "similarity, order" or "ranking" or "two views" or "preferences, transport" or "single completions";

    private static TokenRow[] Rows(Func<int[], TokenRow> make) => [.. Texts.Select(make)];

    private static TokenRow[] Masked()
    {
        MaskingOptions options = new() { MaskToken = 4, VocabularySize = TinyModels.Vocabulary, Probability = 0.5 };
        return [.. Texts.Select((text, i) => TokenMasking.Apply(new MaskableRow(text, [.. text.Select(token => token < 3)]), new RandomStreams(3).Masking(0, i), options))];
    }

    private static TokenRow[] Translations() => [.. Texts.Select((text, i) => TextRows.WithTarget(text, Texts[^(i + 1)][1..]))];

    private static TokenRow[] Classes() => [.. Texts.Select((text, i) => TextRows.WithClass(text, i == 4 ? null : i % 3))];

    private static TokenRow[] Numbers() => [.. Texts.Select((text, i) => TextRows.WithValues(text, i % 2, i / 2 % 2, i / 4 % 2))];

    private static TokenRow[] Labels() => Rows(text => TokenLabelRows.Of(text, [.. text.Select((token, i) => token < 3 ? -1 : (i - 1) / 2)], [1, 0, 2]));

    private static TokenRow[] Pairs() => [.. Texts.Chunk(2).SelectMany((pair, i) => TextRows.Compared(pair, i % 2))];

    private static TokenRow[] Triplets() => [.. Texts.Chunk(3).SelectMany(triplet => TextRows.Compared(triplet))];

    private static TokenRow[] Preferences() => [.. Texts.Chunk(2).SelectMany(pair => PreferenceRows.OfPair([3, 4], pair[0][1..], pair[1][1..]))];

    private static TokenRow[] Singles() => [.. PreferenceRows.OfSingles([.. Texts.Select((text, i) => ((int[])[3, 4], text[1..], i % 3 != 0))])];
}
