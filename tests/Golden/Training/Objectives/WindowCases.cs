using System.Text.Json;
using Golden.Library;
using Microsoft.ML.LlmFineTune.Batches.Rows;
using Microsoft.ML.LlmFineTune.Tokenization;

namespace Golden.Training.Objectives;

/// <summary>Windows of a context with a question before each.</summary>
internal static class WindowCases
{
    public static void Verify(FixtureCase c, Tally tally)
    {
        ObjectivesReader.RefuseUnknown(c, "question", "context", "answer", "answer_start", "max_length", "stride", "features");
        JsonElement[] features = [.. c["features"].EnumerateArray()];
        var (contextStart, stride) = (features[0].GetProperty("context_first").GetInt32(), c["stride"].GetInt32());
        var ids = features[0].GetProperty("input_ids").ToInts();
        // The context whole: every window but the first begins with tokens of the one before.
        List<int> context = [];
        List<TokenSpan> spans = [];
        foreach (var feature in features)
        {
            var (first, last) = (feature.GetProperty("context_first").GetInt32() + (context.Count == 0 ? 0 : stride), feature.GetProperty("context_last").GetInt32());
            context.AddRange(feature.GetProperty("input_ids").ToInts()[first..(last + 1)]);
            spans.AddRange(feature.GetProperty("offsets").EnumerateArray().Skip(first).Take(last + 1 - first).Select(span => new TokenSpan(span[0].GetInt32(), span[1].GetInt32())));
        }
        var frame = new QuestionFrame([ids[0]], [ids[contextStart - 1]], [ids[^1]]);
        (int, int)? answer = c["answer"].IsGiven() ? (c["answer_start"].GetInt32(), c["answer_start"].GetInt32() + c["answer"].GetString()!.Length) : null;
        var windows = QuestionWindows.Of(ids[1..(contextStart - 1)], [.. context], spans, answer, frame, c["max_length"].GetInt32(), stride);
        tally.Equal("windows", features.Length, windows.Count);
        foreach (var (feature, window) in features.Zip(windows))
        {
            tally.Sequence("input_ids", feature.GetProperty("input_ids").ToInts(), window.Row.Tokens);
            tally.Sequence("token_type_ids", feature.GetProperty("token_type_ids").ToInts(), window.Row.Segments!);
            tally.Equal("pads", feature.GetProperty("pads").GetInt32(), c["max_length"].GetInt32() - window.Row.Tokens.Length);
            tally.Sequence("start, end", [feature.GetProperty("start_position").GetInt32(), feature.GetProperty("end_position").GetInt32()], window.Row.Targets);
            var text = window.HasAnswer ? c["context"].GetString()![window.Spans[window.Row.Targets[0] - window.ContextStart].Start..window.Spans[window.Row.Targets[1] - window.ContextStart].End] : "";
            tally.Equal("answer", feature.GetProperty("answer_text").GetString(), text);
        }
    }
}
