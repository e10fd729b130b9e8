using Golden.Library;
using Golden.Training.Objectives;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Golden.Training;

/// <summary>training/objectives: what rows are made of: hidden tokens, spans, windows, labels of words, packed documents.</summary>
internal sealed class ObjectivesReader : CaseReader
{
    public override bool Reads(string file) => file.StartsWith("objectives/", StringComparison.Ordinal);

    public override void Verify(FixtureCase c, Tally tally)
    {
        NativeRuntime.Initialize();
        switch (c.File)
        {
            case "objectives/masked_lm.json": MaskingCases.Verify(c, tally); break;
            case "objectives/span_corruption.json": SpanCases.Verify(c, tally); break;
            case "objectives/completion_masks.json": CompletionCases.Verify(c, tally); break;
            case "objectives/packing.json": PackingCases.Verify(c, tally); break;
            case "objectives/qa_windows.json": WindowCases.Verify(c, tally); break;
            case "objectives/token_labels.json": LabelCases.Verify(c, tally); break;
            case "objectives/shift_right.json": ShiftCases.Verify(c, tally); break;
            default: throw new UnsupportedException($"there is no objective {c.File}");
        }
    }

    /// <summary>Demands that a case says nothing that its reader does not know.</summary>
    public static void RefuseUnknown(FixtureCase c, params string[] known)
    {
        var unknown = c.Value.EnumerateObject().Select(property => property.Name).Where(name => !known.Contains(name)).ToList();
        if (unknown.Count > 0) throw new UnsupportedException($"{c.File} has no {string.Join(", ", unknown)}");
    }

    /// <summary>Targets as the fixtures have labels: not shifted.</summary>
    public static int[] Unshifted(int[] targets) => [-100, .. targets[..^1]];
}
