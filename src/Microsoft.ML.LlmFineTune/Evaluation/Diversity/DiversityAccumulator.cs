using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Counts the n-grams of texts, one text at a time. Memory grows with the different n-grams: what is distinct has to be remembered.</summary>
public sealed class DiversityAccumulator
{
    private const int RepetitionOrders = 4;
    private const string NoWords = "a text has no words";

    private readonly InputWarnings _warnings = new();
    private readonly CodePoints _text = new();
    private readonly TokenTable _vocabulary = new();
    private readonly TokenList _tokens = new();
    private readonly NGramTrie _nGrams = new();
    private readonly Order[] _orders;
    private Entry[] _entries = new Entry[1024];

    /// <summary>Creates an empty accumulator.</summary>
    /// <param name="maximumOrder">The longest n-grams that are counted; from 1 to 100. Default 4, the least that gives a repetition rate.</param>
    public DiversityAccumulator(int maximumOrder = RepetitionOrders) => _orders = new Order[Require.Within(maximumOrder, 1, BleuOptions.LargestOrder)];

    /// <summary>Texts seen.</summary>
    public long Texts { get; private set; }

    /// <summary>What the input had that its owner should know.</summary>
    public IReadOnlyList<InputWarning> Warnings => _warnings.List;

    /// <summary>What was added so far.</summary>
    public DiversityMetrics Compute()
    {
        long[] once = new long[_orders.Length];
        double[] information = new double[_orders.Length];
        for (int node = 1; node < _nGrams.Count; node++)
        {
            ref readonly Entry entry = ref _entries[node];
            if (entry.Count == 1) once[entry.Order]++;
            double share = (double)entry.Count / _orders[entry.Order].Total;
            information[entry.Order] -= share * Math.Log(share);
        }
        double product = 1;
        for (int n = 0; n < Math.Min(RepetitionOrders, _orders.Length); n++) product *= (double)(_orders[n].Distinct - once[n]) / _orders[n].Distinct;
        bool allOrders = _orders.Length >= RepetitionOrders && _orders.Take(RepetitionOrders).All(order => order.Distinct > 0);
        return new DiversityMetrics
        {
            Texts = Texts, Tokens = _orders[0].Total, Types = _orders[0].Distinct, HapaxRatio = _orders[0].Distinct == 0 ? null : (double)once[0] / _orders[0].Distinct,
            Distinct = [.. _orders.Select(order => order.Total == 0 ? (double?)null : (double)order.Distinct / order.Total)],
            MeanDistinct = [.. _orders.Select(order => order.Texts == 0 ? (double?)null : order.Ratios / order.Texts)],
            Entropy = [.. _orders.Select((order, n) => order.Total == 0 ? (double?)null : information[n])],
            RepetitionRate = allOrders ? Math.Pow(product, 1.0 / RepetitionOrders) : null,
        };
    }

    /// <summary>Adds a text.</summary>
    /// <exception cref="ArgumentException">It is null; the message names the row.</exception>
    public void Add(string text)
    {
        Require.Argument(text is not null, string.Create(CultureInfo.InvariantCulture, $"A text must not be null; that of row {Texts} (counted from 0) is."), nameof(text));
        _text.Set(text);
        ReadOnlySpan<int> tokens = _tokens.Read(_text.Span, _vocabulary);
        if (tokens.IsEmpty) _warnings.Note(NoWords, Texts);
        Span<long> distinct = stackalloc long[_orders.Length];
        distinct.Clear();
        for (int start = 0; start < tokens.Length; start++)
        {
            int node = 0, end = Math.Min(tokens.Length, start + _orders.Length);
            for (int i = start; i < end; i++)
            {
                node = Child(node, tokens[i], i - start);
                ref Entry entry = ref _entries[node];
                if (entry.Count++ == 0) _orders[i - start].Distinct++;
                if (entry.LastText == Texts + 1) continue;
                entry.LastText = Texts + 1;
                distinct[i - start]++;
            }
        }
        for (int n = 0; n < _orders.Length; n++)
        {
            int total = NGramOverlap.Total(tokens.Length, n + 1);
            if (total == 0) break;
            _orders[n].Total += total;
            _orders[n].Texts++;
            _orders[n].Ratios += (double)distinct[n] / total;
        }
        Texts++;
    }

    /// <summary>Adds what another accumulator (of other texts) has counted, as if its texts followed.</summary>
    /// <exception cref="ArgumentException">It counts other orders.</exception>
    public void Merge(DiversityAccumulator other)
    {
        Row.Other(this, other);
        Require.Argument(other._orders.Length == _orders.Length, string.Create(CultureInfo.InvariantCulture, $"Both accumulators must count the same orders; this one counts {_orders.Length}, the other {other._orders.Length}."), nameof(other));
        int[] tokens = new int[other._vocabulary.Count], nodes = new int[other._nGrams.Count];
        for (int token = 0; token < tokens.Length; token++) tokens[token] = _vocabulary.Add(other._vocabulary[token]);
        // A number is given after its parent's, so the parent is known already.
        for (int node = 1; node < nodes.Length; node++)
        {
            (int parent, int token) = other._nGrams[node];
            ref readonly Entry counted = ref other._entries[node];
            nodes[node] = Child(nodes[parent], tokens[token], counted.Order);
            ref Entry entry = ref _entries[nodes[node]];
            if (entry.Count == 0) _orders[counted.Order].Distinct++;
            entry.Count += counted.Count;
        }
        for (int n = 0; n < _orders.Length; n++)
        {
            _orders[n].Total += other._orders[n].Total;
            _orders[n].Texts += other._orders[n].Texts;
            _orders[n].Ratios += other._orders[n].Ratios;
        }
        _warnings.Merge(other._warnings, Texts);
        Texts += other.Texts;
    }

    private int Child(int parent, int token, int order)
    {
        int known = _nGrams.Count, node = _nGrams.AddChild(parent, token);
        if (node < known) return node;
        if (node >= _entries.Length) Array.Resize(ref _entries, _entries.Length * 2);
        _entries[node].Order = order;
        return node;
    }

    private struct Entry
    {
        public long Count, LastText;
        public int Order;
    }

    private struct Order
    {
        public long Total, Distinct, Texts;
        public double Ratios;
    }
}
