using Golden.Library;
using Microsoft.ML.LlmFineTune.Models;
using static TorchSharp.torch;

namespace Golden.Training.Objectives;

/// <summary>What decoders of encoder-decoders read.</summary>
internal static class ShiftCases
{
    public static void Verify(FixtureCase c, Tally tally)
    {
        ObjectivesReader.RefuseUnknown(c, "pad", "start", "decoder_input_ids", "labels", "rule");
        using var scope = NewDisposeScope();
        var padding = c["pad"].GetInt32();
        var labels = (c["labels"].IsGiven() ? c["labels"] : c.Root.GetProperty("labels")).ReadTensor(ScalarType.Int64);
        var shifted = c["start"].IsGiven() ? TargetShift.FromStart(labels, c["start"].GetInt32(), padding) : TargetShift.FromLast(labels, padding);
        tally.Sequence("decoder_input_ids", c["decoder_input_ids"].ReadTensor(ScalarType.Int64).data<long>(), shifted.data<long>());
    }
}
