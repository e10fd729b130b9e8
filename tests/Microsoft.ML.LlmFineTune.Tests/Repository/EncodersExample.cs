// <example>
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using static TorchSharp.torch;
// </example>

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The code of docs/encoders.md, word for word between the marks.</summary>
internal static class EncodersExample
{
    public static (long[] Scores, IReadOnlyList<string> Labels, IReadOnlyList<string> Drawn, long[] Vectors) Run(string folder, Tensor tokens, Tensor mask, IReadOnlyList<string> texts)
    {
        // <example>

        using MaskedLanguageModel model = HuggingFaceFolder.LoadMaskedLanguageModel(folder);
        using Tensor scores = model.Forward(tokens, mask);                     // [batch, sequence, vocabulary]

        // A new task on a pretrained encoder. What the folder has of the head (BERT's pooler) is read, the rest is drawn and named.
        var (classifier, drawn) = HuggingFaceFolder.LoadForFineTuning(folder, config => new SequenceClassifier(config.CreateBackbone(), ["bad", "good"]), new RandomStream(1));
        SentenceTransformerFolder settings = SentenceTransformerFolder.Read(folder);     // modules.json and what it names
        using TextEmbedder embedder = settings.LoadModel();
        TokenizerModel tokenizer = settings.LoadTokenizer();                             // cuts at max_seq_length, pads a batch to its longest
        var encoded = tokenizer.EncodeBatch([.. texts.Select(text => settings.Prepare(text))]);
        long[] shape = [encoded.Count, encoded[0].Count];
        using Tensor ids = tensor(encoded.SelectMany(text => text.Ids).Select(id => (long)id).ToArray(), shape);
        using Tensor real = tensor(encoded.SelectMany(text => text.AttentionMask).Select(bit => bit == 1).ToArray(), shape);
        using Tensor vectors = embedder.Forward(ids, real);                              // [batch, width]
        // </example>
        using (classifier) return (scores.shape, classifier.Labels, drawn, vectors.shape);
    }
}
