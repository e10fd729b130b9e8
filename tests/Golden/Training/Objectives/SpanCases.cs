using Golden.Library;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Batches.Rows;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Golden.Training.Objectives;

/// <summary>Span corruption: rows of given noise, tables of counts and lengths, and how long random spans are.</summary>
internal static class SpanCases
{
    private const int Draws = 4000;

    public static void Verify(FixtureCase c, Tally tally)
    {
        if (c["noise_mask"].IsGiven()) VerifyRow(c, tally);
        else if (c["span_length_distribution"].IsGiven()) VerifyStatistics(c, tally);
        else if (c["inputs_length"].IsGiven()) VerifyLengths(c, tally);
        else VerifyCounts(c, tally);
    }

    private static void VerifyRow(FixtureCase c, Tally tally)
    {
        ObjectivesReader.RefuseUnknown(c, "ids", "noise_mask", "inputs", "targets", "targets_with_closing_sentinel");
        var first = c.Root.GetProperty("first_sentinel").GetInt32();
        var options = new SpanCorruptionOptions { FirstSentinel = first, Sentinels = Math.Min(100, first + 1), EndOfText = c.Root.GetProperty("eos").GetInt32() };
        bool[] isNoise = [.. c["noise_mask"].ToInts().Select(noise => noise != 0)];
        var row = SpanCorruption.Apply(c["ids"].ToInts(), isNoise, options);
        tally.Sequence("inputs", c["inputs"].ToInts(), row.Tokens);
        tally.Sequence("targets", c["targets"].ToInts(), row.Targets);
        var closed = SpanCorruption.Apply(c["ids"].ToInts(), isNoise, options with { ClosesTargets = true });
        tally.Sequence("targets with closing sentinel", c["targets_with_closing_sentinel"].ToInts(), closed.Targets);
    }

    private static void VerifyCounts(FixtureCase c, Tally tally)
    {
        ObjectivesReader.RefuseUnknown(c, "length", "density", "mean", "noise_tokens", "spans");
        tally.Equal("noise tokens, spans", (c["noise_tokens"].GetInt32(), c["spans"].GetInt32()), SpanCorruption.Counts(c["length"].GetInt32(), c["density"].GetDouble(), c["mean"].GetDouble()));
    }

    private static void VerifyLengths(FixtureCase c, Tally tally)
    {
        ObjectivesReader.RefuseUnknown(c, "inputs_length", "density", "mean", "raw_length", "targets_length");
        tally.Equal("raw length, targets length", (c["raw_length"].GetInt32(), c["targets_length"].GetInt32()), SpanCorruption.Lengths(c["inputs_length"].GetInt32(), c["density"].GetDouble(), c["mean"].GetDouble()));
    }

    private static void VerifyStatistics(FixtureCase c, Tally tally)
    {
        ObjectivesReader.RefuseUnknown(c, "length", "noise_tokens", "spans", "mean_span_length", "density", "span_length_distribution");
        var length = c["length"].GetInt32();
        var expected = c["span_length_distribution"].ToDoubles();
        var (density, mean) = (c["density"].GetDouble(), c["mean_span_length"].GetDouble());
        var (counts, spans, noise) = (new int[length], 0, 0);
        for (var draw = 0; draw < Draws; draw++)
        {
            var isNoise = SpanCorruption.RandomSpans(length, density, mean, new RandomStreams(3).Masking(0, draw));
            var run = 0;
            for (var i = 0; i <= length; i++)
            {
                if (i < length && isNoise[i])
                {
                    (run, noise) = (run + 1, noise + 1);
                    continue;
                }
                if (run > 0) (counts[run], spans) = (counts[run] + 1, spans + 1);
                run = 0;
            }
        }
        tally.Equal("noise tokens", c["noise_tokens"].GetInt32() * Draws, noise);
        tally.Equal("spans", c["spans"].GetInt32() * Draws, spans);
        tally.Number("mean span length", c["mean_span_length"].GetDouble(), (double)noise / spans, 1e-12);
        tally.Number("density", c["density"].GetDouble(), (double)noise / Draws / length, 1e-12);
        // Both sides were drawn, so both have noise.
        tally.Numbers("distribution of span lengths", expected, [.. counts.Take(expected.Length).Select(count => (double)count / spans)], 0.02);
    }
}
