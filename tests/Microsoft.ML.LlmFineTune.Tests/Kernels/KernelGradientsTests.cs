using Microsoft.ML.LlmFineTune.Kernels;
using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Kernels;

/// <summary>Gradients that were handed to the engine are held until the next call or until they are released, and no longer.</summary>
public sealed class KernelGradientsTests
{
    public KernelGradientsTests() => NativeRuntime.Initialize();

    [Fact]
    public void What_was_handed_over_goes_at_the_next_call_or_when_it_is_released()
    {
        Tensor first = ones(3), second = ones(3);
        KernelGradients.HandOver(first, null);
        Assert.False(first.IsInvalid);
        KernelGradients.HandOver(null, second);
        Assert.True(first.IsInvalid);
        Assert.False(second.IsInvalid);
        KernelGradients.Release();
        Assert.True(second.IsInvalid);
        KernelGradients.Release();
    }
}
