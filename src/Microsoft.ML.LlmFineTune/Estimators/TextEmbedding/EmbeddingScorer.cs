using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Losses;
using Microsoft.ML.LlmFineTune.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Estimators.TextEmbedding;

/// <summary>Texts to vectors. Each reader has one of its own, which says what was cut.</summary>
internal sealed class EmbeddingScorer(TextEmbedder embedder, TextFrame frame, Func<string, string> prepare, IReadOnlyList<OutputColumn<float[]>> columns, TruncationLog log) : IBatchScorer<float[]>, IDisposable
{
    public IReadOnlyList<OutputColumn<float[]>> Columns => columns;

    public int LookAhead => 512;

    public IBatchScorer<float[]> Begin(bool rowByRow) => new EmbeddingScorer(embedder, frame, prepare, columns, log.Begin(rowByRow));

    public float[][] Score(IReadOnlyList<string> texts, IReadOnlyList<bool> active)
    {
        var tokens = frame.Encode([.. texts.Select(prepare)], out var truncation);
        log.Add(truncation);
        var vectors = new float[texts.Count][];
        int width = embedder.Outputs;
        ScoringBatches.Run([.. tokens.Select(text => text.Length)], embedder.Backbone.Config.Width * 4, embedder.Backbone.Device, rows =>
        {
            var batch = PaddedRows.Of(Array.ConvertAll(rows, row => tokens[row]), null, frame.Padding);
            Tensor embedded = embedder.Forward(ModelInput.Tokens(batch, embedder.Backbone), ModelInput.Mask(batch, embedder.Backbone));  // [rows, width]
            float[] all = embedded.to_type(ScalarType.Float32).cpu().data<float>().ToArray();
            for (int i = 0; i < rows.Length; i++)
                vectors[rows[i]] = all[(i * width)..((i + 1) * width)];
        });
        return vectors;
    }

    public void Dispose() => log.Dispose();

    internal static IReadOnlyList<OutputColumn<float[]>> MakeColumns(string name, int width) =>
    [
        new OutputColumn<float[], VBuffer<float>>(name, new VectorDataViewType(NumberDataViewType.Single, width), (float[] vector, ref VBuffer<float> value) =>
        {
            var editor = VBufferEditor.Create(ref value, vector.Length);
            vector.CopyTo(editor.Values);
            value = editor.Commit();
        }),
    ];
}
