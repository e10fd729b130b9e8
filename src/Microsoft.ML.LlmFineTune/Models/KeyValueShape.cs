namespace Microsoft.ML.LlmFineTune.Models;

/// <summary>The keys and values that one position has in a model.</summary>
/// <param name="Layers">Layers that have them.</param>
/// <param name="Heads">Heads that keys and values have.</param>
/// <param name="HeadSize">Numbers a head.</param>
internal sealed record KeyValueShape(int Layers, int Heads, int HeadSize);
