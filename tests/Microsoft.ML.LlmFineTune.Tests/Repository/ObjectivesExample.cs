// <example>
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Batches.Rows;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Training;
// </example>

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The code of docs/objectives.md, word for word between the marks.</summary>
internal static class ObjectivesExample
{
    public static void Run(DecoderModel model, DecoderModel student, DecoderModel teacher, BackboneModel encoder, string folder, TrainingOptions options)
    {
        // <example>

        // Instructions: only what follows the prompt is learnt.
        TokenRow[] rows =
        [
            CompletionRows.OfPrompt(prompt: [1, 5, 6], completion: [7, 8, 2]),
            CompletionRows.OfPrompt(prompt: [1, 9], completion: [10, 2]),
        ];
        // Packed: nothing is padded, and the documents of a row do not see each other.
        IReadOnlyList<TokenRow> packed = PackedRows.Of(rows, blockLength: 16);
        RowBatches source = new(packed, padding: 0, BatchSize.OfRows(8), new RandomStreams(1));
        new Trainer(model, new NextTokenObjective(), options).Train(source);

        // Preferences against the model as it was. A unit is two rows, which are never parted.
        TokenRow[] pairs = PreferenceRows.OfPair(prompt: [1, 5], chosen: [6, 7, 2], rejected: [8, 2]);
        using DecoderModel reference = HuggingFaceFolder.LoadDecoder(folder);
        RowBatches preferences = new(pairs, padding: 0, BatchSize.OfRows(8), new RandomStreams(1), PreferenceRows.RowsPerUnit);
        new Trainer(model, new PreferenceObjective(reference, new() { Beta = 0.1 }), options).Train(preferences);

        // A student learns from a teacher that has the same vocabulary.
        new Trainer(student, new DistillationObjective(teacher, new() { Temperature = 2, TeacherPart = 0.5 }), options).Train(source);

        // Texts of a pair come nearer to each other than to the other texts of their batch. The texts of an example are a unit here, too.
        TokenRow[] alike = [.. TextRows.Compared([[1, 5, 2], [1, 6, 2]]), .. TextRows.Compared([[1, 9, 2], [1, 8, 7, 2]])];
        RowBatches compared = new(alike, padding: 0, BatchSize.OfRows(64), new RandomStreams(1), rowsPerUnit: 2);
        TextEmbedder embedder = new(encoder);
        new Trainer(embedder, new RankingObjective(), options).Train(compared);
        // </example>
    }
}
