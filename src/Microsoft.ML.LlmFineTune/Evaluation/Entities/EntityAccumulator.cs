using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// Precision, recall and F of entities, sentence by sentence, as seqeval counts them. Memory grows with the number of types alone. An entity never goes on from one sentence to the next.
/// </summary>
public sealed class EntityAccumulator
{
    private const string NoTag = "a tag is neither O nor a prefix B, I, E or S with a type; conlleval's rules go by its type alone", Dropped = "a sentence has tags that the scheme takes for no entity; they are dropped";

    private readonly Dictionary<string, Counts> _types = [];
    private readonly InputWarnings _warnings = new();
    private readonly ConllChunks _reference, _predicted;

    /// <summary>Creates an empty accumulator.</summary>
    /// <param name="options">How entities are read and counted; default null: conlleval's rules and F1.</param>
    /// <param name="keepSegments">Whether the counts of each sentence are kept, for confidence intervals and paired tests of the micro-averaged F.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public EntityAccumulator(EntityOptions? options = null, bool keepSegments = false)
    {
        Options = options ?? new EntityOptions();
        Options.Validate();
        (_reference, _predicted) = (new ConllChunks(Options.Suffix), new ConllChunks(Options.Suffix));
        if (keepSegments) PerSegment = new SegmentStatistics("entity F", 3, sums => Score((long)sums[0], (long)sums[1], (long)sums[2]).FScore);
    }

    /// <summary>How entities are read and counted.</summary>
    public EntityOptions Options { get; }

    /// <summary>Sentences seen.</summary>
    public long Sentences { get; private set; }

    /// <summary>How the tags agree token by token.</summary>
    public TagAgreement Tags { get; private set; } = TagAgreement.None;

    /// <summary>Right, predicted and reference's entities of each sentence, whose score is the micro-averaged F; null unless the sentences were to be kept.</summary>
    public SegmentStatistics? PerSegment { get; }

    /// <summary>What was added so far, divided once.</summary>
    /// <exception cref="InvalidOperationException">There was no sentence.</exception>
    public EntityMetrics Compute()
    {
        Require.State(Sentences > 0, "Entity scores need at least one sentence; none was added.");
        List<(string Type, Counts Counts)> types = [.. _types.Where(type => type.Value.Predicted + type.Value.Actual > 0).Select(type => (type.Key, type.Value))];
        types.Sort((left, right) => CodePointComparer.Instance.Compare(left.Type, right.Type));
        List<EntityTypeScores> perType = [.. types.Select(type => new EntityTypeScores(type.Type, Score(type.Counts.Correct, type.Counts.Predicted, type.Counts.Actual), type.Counts.Correct, type.Counts.Predicted))];
        long predicted = types.Sum(type => type.Counts.Predicted), actual = types.Sum(type => type.Counts.Actual);
        return new EntityMetrics
        {
            Micro = Score(types.Sum(type => type.Counts.Correct), predicted, actual), Macro = Mean(perType, _ => 1, actual), Weighted = actual > 0 ? Mean(perType, type => type.Scores.Support, actual) : WeightedWithoutEntities(predicted),
            PerType = perType, Tags = Tags, Sentences = Sentences, Warnings = _warnings.List,
        };
    }

    /// <summary>Adds a sentence.</summary>
    /// <param name="reference">Its tags.</param>
    /// <param name="predicted">The predicted tags, as many.</param>
    /// <exception cref="ArgumentException">The lengths differ, a tag is empty, or in strict mode has a prefix that the scheme lacks; the message names the row. Nothing of the sentence is counted.</exception>
    public void Add(IReadOnlyList<string> reference, IReadOnlyList<string> predicted)
    {
        Require.NotNull(reference);
        Require.NotNull(predicted);
        Require.Argument(reference.Count == predicted.Count, Row.At($"There must be a predicted tag for every token; {Text(reference.Count)} tokens have {Text(predicted.Count)}", Sentences), nameof(predicted));
        Check(reference, nameof(reference));
        Check(predicted, nameof(predicted));
        (List<(string Type, long Begin, long End)> actual, List<(string Type, long Begin, long End)> guessed) = Options.Scheme is EntityScheme scheme
            ? (Strict(reference, scheme, nameof(reference)), Strict(predicted, scheme, nameof(predicted)))
            : (_reference.Read(reference), _predicted.Read(predicted));
        NoteOddTags(reference, actual, _reference);
        NoteOddTags(predicted, guessed, _predicted);
        HashSet<(string, long, long)> wanted = [.. actual];
        int correct = 0;
        foreach ((string Type, long, long) entity in guessed)
        {
            bool right = wanted.Contains(entity);
            if (right) correct++;
            Add(entity.Type, right ? 1 : 0, 1, 0);
        }
        foreach ((string Type, long, long) entity in actual) Add(entity.Type, 0, 0, 1);
        Tags += TagAgreement.Of(reference, predicted);
        PerSegment?.Add([correct, guessed.Count, actual.Count]);
        Sentences++;
    }

    /// <summary>Adds what another accumulator (of other sentences) has counted, as if its sentences followed.</summary>
    /// <exception cref="ArgumentException">It has other options, or lacks the sentences' counts that this one keeps.</exception>
    public void Merge(EntityAccumulator other)
    {
        Row.Other(this, other);
        Require.Argument(other.Options == Options, "Both accumulators must have the same options.", nameof(other));
        Require.Argument(PerSegment is null || other.PerSegment is not null || other.Sentences == 0, "This accumulator keeps the counts of each sentence, so the other must keep them, too.", nameof(other));
        foreach ((string type, Counts counts) in other._types) Add(type, counts.Correct, counts.Predicted, counts.Actual);
        if (other.PerSegment is not null) PerSegment?.Merge(other.PerSegment);
        _warnings.Merge(other._warnings, Sentences);
        Tags += other.Tags;
        Sentences += other.Sentences;
    }

    private void NoteOddTags(IReadOnlyList<string> tags, List<(string Type, long Begin, long End)> entities, ConllChunks chunks)
    {
        if (Options.Scheme is null)
        {
            if (!tags.All(chunks.IsTag)) _warnings.Note(NoTag, Sentences);
        }
        else if (entities.Sum(entity => entity.End - entity.Begin) < tags.Count(tag => EntityTags.Split(tag, Options.Suffix).Prefix != 'O'))
        {
            _warnings.Note(Dropped, Sentences);
        }
    }

    private List<(string Type, long Begin, long End)> Strict(IReadOnlyList<string> tags, EntityScheme scheme, string name)
    {
        List<EntitySpan> spans;
        try
        {
            spans = StrictSpans.Read(tags, scheme, Options.Suffix);
        }
        catch (ArgumentException e)
        {
            throw new ArgumentException(Row.At($"{e.Message.Split(" (Parameter", 2)[0].TrimEnd('.')}, in the sentence", Sentences), name, e);
        }
        return [.. spans.Select(span => (span.Type, (long)span.Start, (long)span.End))];
    }

    private void Add(string type, long correct, long predicted, long actual)
    {
        Counts counts = _types.GetValueOrDefault(type);
        _types[type] = new Counts(counts.Correct + correct, counts.Predicted + predicted, counts.Actual + actual);
    }

    private EntityScores Score(long correct, long predicted, long actual)
    {
        double precision = predicted == 0 ? Options.ZeroDivision.Value() : (double)correct / predicted, recall = actual == 0 ? Options.ZeroDivision.Value() : (double)correct / actual;
        if (double.IsPositiveInfinity(Options.Beta)) return new EntityScores(precision, recall, recall, actual);
        double beta2 = Options.Beta * Options.Beta, denominator = (beta2 * precision) + recall;
        return new EntityScores(precision, recall, (1 + beta2) * precision * recall / (denominator == 0 ? 1 : denominator), actual);
    }

    private static EntityScores Mean(List<EntityTypeScores> types, Func<EntityTypeScores, double> weight, long support)
    {
        double weights = types.Sum(weight);
        double Of(Func<EntityScores, double> part) => types.Sum(type => part(type.Scores) * weight(type)) / weights;
        return new EntityScores(Of(scores => scores.Precision), Of(scores => scores.Recall), Of(scores => scores.FScore), support);
    }

    private EntityScores WeightedWithoutEntities(long predicted)
    {
        double precision = predicted == 0 ? Options.ZeroDivision.Value() : 0;
        return new EntityScores(precision, Options.ZeroDivision.Value(), precision, 0);
    }

    private void Check(IReadOnlyList<string> tags, string name)
    {
        for (int i = 0; i < tags.Count; i++)
        {
            if (string.IsNullOrEmpty(tags[i])) throw new ArgumentException(Row.At($"A tag must have a prefix, O for example; token {Text(i)} has none", Sentences), name);
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private readonly record struct Counts(long Correct, long Predicted, long Actual);
}
