// <example>
using Microsoft.ML.LlmFineTune.Models.Gpt2;
using Microsoft.ML.LlmFineTune.Training;
// </example>

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>The example of docs/memory.md, word for word between the marks.</summary>
internal static class MemoryExample
{
    public static void Run(TrainingOptions options, long limit)
    {
        // <example>
        MemoryRequest request = new() { Config = Gpt2Presets.Small(vocabularySize: 8000), Rows = 8, Length = 256, Options = options };
        Console.WriteLine(TrainingMemory.Estimate(request));                    // a table, by part
        foreach (MemoryRemedy remedy in TrainingMemory.Remedies(request, limit)) Console.WriteLine($"{remedy.Bytes}: {remedy.Advice}");
        TrainingMemory.RequireFit(request, limit);                              // throws where there is not so much, with the table and the remedies
        // </example>
    }
}
