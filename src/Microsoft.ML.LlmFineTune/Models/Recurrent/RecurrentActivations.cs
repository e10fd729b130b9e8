using Microsoft.ML.LlmFineTune.Kernels;

namespace Microsoft.ML.LlmFineTune.Models.Recurrent;

/// <summary>What a recurrent model keeps for backward: read from its blocks, in their order.</summary>
internal static class RecurrentActivations
{
    public static ModelActivations Of(RecurrentConfig config, ActivationShape shape) => ModelActivations.Of(
        config.Layers,
        layer => new LayerActivations()
            .From(shape.Tokens * config.InputWidthOf(layer))
            // For each direction: sums of the gates, what the cell keeps of them, states and, where there is one, memories; both once more as they are handed on.
            .Add(ActivationKind.Recurrent, shape.Tokens * config.Directions * config.WidthOf(layer) * (Recurrence.GatesOf(config.Cell) + Gates(config.Cell) + (Recurrence.HasMemory(config.Cell) ? 3 : 2))),
        new LayerActivations().Add(ActivationKind.Output, shape.Tokens * config.Width));

    private static int Gates(RecurrentCell cell) => cell is RecurrentCell.Lstm or RecurrentCell.Gru ? 4 : 0;
}
