using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Evaluation;
using Microsoft.ML.LlmFineTune.Layers;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace Golden.Minilm;

/// <summary>minilm/embeddings.json: what a real sentence encoder makes of texts, from the raw text to the figures of a search.</summary>
internal sealed class EmbeddingsReader : CaseReader
{
    private const double Close = 1e-5;
    private const double CloseUnit = 2e-6;
    private const double SameText = 0.9999;
    private Encoder? _encoder;

    public override bool Reads(string file) => file == "embeddings.json";

    public override void Verify(FixtureCase c, Tally tally)
    {
        var encoder = _encoder ??= new Encoder(c);
        using var scope = NewDisposeScope();
        using var withoutGradients = no_grad();
        if (c.Name == "pair") Pair(c.Value, encoder, tally);
        else if (c.Name == "retrieval") Retrieval(c.Value, encoder, tally);
        else if (c.Name == "sts") Similarities(c.Value, encoder, tally);
        else if (c.Name.StartsWith("most_similar_pairs", StringComparison.Ordinal)) MostSimilar(c, encoder, tally);
        else if (c.Name.StartsWith("tokenizer_json_defaults", StringComparison.Ordinal)) Defaults(c, encoder, tally);
        else Text(c, encoder, tally);
    }

    private static void Text(FixtureCase c, Encoder encoder, Tally tally)
    {
        var index = c["index"].GetInt32();
        var ids = encoder.Ids(c["text"].GetString()!);
        tally.Sequence("input_ids", c["input_ids"].ToInts(), ids);
        var tokens = Encoder.Row(ids);
        var mask = ones_like(tokens).to(ScalarType.Bool);
        List<Tensor> states = [];
        var hidden = encoder.WithPooler.Backbone.ReadTexts(tokens, mask, hiddenStates: states);
        var mean = SequencePooling.Mean(hidden, tokens, mask, padding: null);
        Row("cls", SequencePooling.Apply(Pooling.FirstToken, hidden, tokens, mask, padding: null), Close);
        Row("mean", mean, Close);
        Row("pooler_output", encoder.WithPooler.HeadModule.Forward(hidden, tokens, mask), Close);
        Row("embedding", encoder.Embedder.Forward(tokens, mask), CloseUnit);
        tally.Number("norm_of_mean", c["norm_of_mean"].GetDouble(), mean.square().sum().sqrt().item<float>(), Close);
        tally.Equal("truncated", c["truncated"].GetBoolean(), encoder.Uncut(c["text"].GetString()!).Count > ids.Count);
        // Padding beside a text must not show.
        var padded = Encoder.Row([.. ids, .. Enumerable.Repeat(0, 5)]);
        Row("embedding", encoder.Embedder.Forward(padded, arange(padded.size(1)).lt(ids.Count).unsqueeze(0)), CloseUnit);
        if (!encoder.Tensors.TryGetValue($"last_hidden.{index}", out var last)) return;
        tally.Tensors("last hidden state", last, hidden[0], Close);
        if (encoder.Tensors.TryGetValue($"hidden_states.{index}", out var all)) tally.Tensors("hidden states", all, cat([.. states], 0), Close);

        void Row(string name, Tensor actual, double tolerance) => tally.Tensors(name, encoder.Tensors[name].narrow(0, index, 1), actual, tolerance);
    }

    private static void Pair(JsonElement pair, Encoder encoder, Tally tally)
    {
        var encoded = encoder.Tokenizer.Encode((pair.GetProperty("text_a").GetString()!, pair.GetProperty("text_b").GetString()!));
        tally.Sequence("input_ids", pair.GetProperty("input_ids").ToInts(), encoded.Ids);
        tally.Sequence("token_type_ids", pair.GetProperty("token_type_ids").ToInts(), encoded.TypeIds);
        tally.Sequence("tokens", pair.GetProperty("tokens").ToTexts(), encoded.Tokens);
        var (tokens, segments) = (Encoder.Row(encoded.Ids), Encoder.Row(encoded.TypeIds));
        var hidden = encoder.WithPooler.Backbone.ReadTexts(tokens, segments: segments);
        tally.Tensors("last hidden state", encoder.Tensors["pair.last_hidden"], hidden[0], Close);
        tally.Tensors("pooler output", encoder.Tensors["pair.pooler_output"], encoder.WithPooler.Forward(tokens, segments: segments), Close);
    }

    private static void Retrieval(JsonElement retrieval, Encoder encoder, Tally tally)
    {
        var queries = retrieval.GetProperty("queries").EnumerateArray().ToList();
        foreach (var query in queries) tally.Sequence("input_ids", query.GetProperty("input_ids").ToInts(), encoder.Ids(query.GetProperty("query").GetString()!));
        var corpus = encoder.EmbedAll(retrieval.GetProperty("corpus").ToTexts());
        var asked = encoder.EmbedAll([.. queries.Select(query => query.GetProperty("query").GetString()!)]);
        Rows("retrieval.corpus", corpus);
        Rows("retrieval.queries", asked);
        var scores = Similarity.Matrix(asked, corpus);
        var accumulator = new RetrievalAccumulator(1, 5, corpus.Length);
        for (var q = 0; q < queries.Count; q++)
        {
            // Ids that sort as their numbers do.
            SearchHit[] hits = [.. Enumerable.Range(0, corpus.Length).Select(d => new SearchHit($"{d:000}", scores[q, d]))];
            accumulator.Add(queries[q].GetProperty("relevant").ToInts().Select(d => $"{d:000}"), hits);
            var best = hits.OrderByDescending(hit => hit.Score).Take(5).ToList();
            var expected = queries[q].GetProperty("top5").EnumerateArray().ToList();
            tally.Sequence("corpus ids", expected.Select(hit => $"{hit.GetProperty("corpus_id").GetInt32():000}"), best.Select(hit => hit.Document));
            tally.Numbers("scores", [.. expected.Select(hit => hit.GetProperty("score").GetDouble())], [.. best.Select(hit => hit.Score)], CloseUnit);
        }
        var metrics = accumulator.Compute();
        tally.Number("mrr", retrieval.GetProperty("mrr").GetDouble(), metrics.At(corpus.Length).MeanReciprocalRank, 1e-9);
        tally.Number("ndcg_at_5", retrieval.GetProperty("ndcg_at_5").GetDouble(), metrics.At(5).Ndcg, 1e-9);
        tally.Number("recall_at_1", retrieval.GetProperty("recall_at_1").GetDouble(), metrics.At(1).Recall, 1e-9);

        void Rows(string name, float[][] rows) => tally.Tensors(name, encoder.Tensors[name], tensor([.. rows.SelectMany(row => row)], [rows.Length, rows[0].Length]), CloseUnit);
    }

    private static void Similarities(JsonElement sts, Encoder encoder, Tally tally)
    {
        var pairs = sts.GetProperty("pairs").EnumerateArray().ToList();
        var a = encoder.EmbedAll([.. pairs.Select(pair => pair.GetProperty("a").GetString()!)]);
        var b = encoder.EmbedAll([.. pairs.Select(pair => pair.GetProperty("b").GetString()!)]);
        double[] Of(SimilarityFunction function) => [.. a.Zip(b, (left, right) => Similarity.Of(left, right, function))];
        var cosines = Of(SimilarityFunction.Cosine);
        tally.Numbers("cosine", [.. pairs.Select(pair => pair.GetProperty("cosine").GetDouble())], cosines, CloseUnit);
        tally.Numbers("euclidean_distance", sts.GetProperty("euclidean_distance").ToDoubles(), [.. Of(SimilarityFunction.Euclidean).Select(value => -value)], CloseUnit);
        tally.Numbers("manhattan_distance", sts.GetProperty("manhattan_distance").ToDoubles(), [.. Of(SimilarityFunction.Manhattan).Select(value => -value)], CloseUnit);
        var accumulator = new CorrelationAccumulator();
        accumulator.AddRange(pairs.Select(pair => pair.GetProperty("gold").GetDouble()).ToArray(), cosines);
        var correlations = accumulator.Compute();
        tally.Number("pearson", sts.GetProperty("pearson").GetDouble(), correlations.Pearson, 1e-5);
        tally.Number("spearman", sts.GetProperty("spearman").GetDouble(), correlations.Spearman, 1e-9);
        tally.Number("kendall_tau_b", sts.GetProperty("kendall_tau_b").GetDouble(), correlations.KendallTauB, 1e-9);
    }

    private static void MostSimilar(FixtureCase c, Encoder encoder, Tally tally)
    {
        var all = encoder.Texts;
        var cosines = Similarity.Matrix(all, all);
        var table = tensor([.. cosines.Cast<double>()], [all.Length, all.Length]).to(ScalarType.Float32);
        tally.Tensors("cosine", encoder.Tensors["cosine"], table, CloseUnit);
        var place = int.Parse(c.Name[(c.Name.IndexOf('[', StringComparison.Ordinal) + 1)..^1], System.Globalization.CultureInfo.InvariantCulture);
        var ranked = Enumerable.Range(0, all.Length).SelectMany(i => Enumerable.Range(i + 1, all.Length - i - 1).Select(j => (I: i, J: j, Score: cosines[i, j])))
            .Where(pair => pair.Score < SameText).OrderByDescending(pair => pair.Score).ElementAt(place);
        // Texts of the same tokens are alike to any third: which of their pairs comes first is rounding.
        tally.Number("score", c["score"].GetDouble(), cosines[c["i"].GetInt32(), c["j"].GetInt32()], CloseUnit);
        tally.Number("score at this place", c["score"].GetDouble(), ranked.Score, CloseUnit);
    }

    private static void Defaults(FixtureCase c, Encoder encoder, Tally tally)
    {
        var text = c.Root.GetProperty("texts")[c["index"].GetInt32()].GetProperty("text").GetString()!;
        var encoded = TokenizerModel.LoadFolder(encoder.Folder).Encode(text);
        tally.Sequence("input_ids", c["input_ids"].ToInts(), encoded.Ids);
        tally.Sequence("attention_mask", c["attention_mask"].ToInts(), encoded.AttentionMask);
    }

    /// <summary>The model as the fixtures' folder says that texts are embedded, and once more with the family's own pooler.</summary>
    private sealed class Encoder
    {
        private readonly SentenceTransformerFolder _settings;
        private readonly Lazy<float[][]> _texts;

        public Encoder(FixtureCase c)
        {
            NativeRuntime.Initialize();
            Folder = Path.Combine(c.Folder, "model");
            _settings = SentenceTransformerFolder.Read(Folder);
            (Embedder, Tokenizer) = (_settings.LoadModel(), _settings.LoadTokenizer());
            WithPooler = HuggingFaceFolder.LoadTextEmbedder(Folder, pooling: null, isNormalized: false);
            Tensors = SafeTensors.Read(Path.Combine(c.Folder, "embeddings.safetensors"));
            string[] texts = [.. c.Root.GetProperty("texts").EnumerateArray().Select(text => text.GetProperty("text").GetString()!)];
            _texts = new(() => EmbedAll(texts));
        }

        public string Folder { get; }

        public TextEmbedder Embedder { get; }

        public TextEmbedder WithPooler { get; }

        public TokenizerModel Tokenizer { get; }

        public IReadOnlyDictionary<string, Tensor> Tensors { get; }

        public float[][] Texts => _texts.Value;

        public static Tensor Row(IReadOnlyList<int> ids) => tensor([.. ids.Select(id => (long)id)], [1, ids.Count]);

        public IReadOnlyList<int> Ids(string text) => Tokenizer.Encode(_settings.Prepare(text)).Ids;

        public IReadOnlyList<int> Uncut(string text) => Tokenizer.Encode(_settings.Prepare(text), new EncodingOptions()).Ids;

        public float[][] EmbedAll(IReadOnlyList<string> texts) => [.. texts.Select(text =>
        {
            using var scope = NewDisposeScope();
            using var withoutGradients = no_grad();
            return Embedder.Forward(Row(Ids(text))).data<float>().ToArray();
        })];
    }
}
