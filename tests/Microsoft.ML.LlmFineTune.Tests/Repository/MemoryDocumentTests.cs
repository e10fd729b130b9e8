using Microsoft.ML.LlmFineTune.Training;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>What docs/memory.md shows compiles and runs.</summary>
public sealed class MemoryDocumentTests
{
    [Fact]
    public void The_example_is_the_one_that_is_compiled() => DocumentCode.AssertIsCompiled("memory.md", "MemoryExample.cs");

    [Fact]
    public void The_example_runs()
    {
        MemoryExample.Run(new TrainingOptions(), 8L << 30);
        string refusal = Assert.Throws<InsufficientMemoryException>(() => MemoryExample.Run(new TrainingOptions(), 200 << 20)).Message;
        Assert.Contains("RecomputeActivations", refusal, StringComparison.Ordinal);
    }
}
