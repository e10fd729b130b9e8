using Microsoft.ML.LlmFineTune.Tests.Models;
using TorchSharp;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>What docs/encoder-decoders.md shows compiles and runs.</summary>
public sealed class EncoderDecodersDocumentTests
{
    [Fact]
    public void Its_code_is_the_one_that_is_compiled() => DocumentCode.AssertIsCompiled("encoder-decoders.md", "EncoderDecodersExample.cs");

    [Fact]
    public void Its_code_runs()
    {
        GoldenModel golden = GoldenModel.Of("t5/v1_0");
        (torch.Tensor last, long parameters) = EncoderDecodersExample.Run(golden.Folder, golden.Inputs["input_ids"], golden.Mask);
        Assert.Equal([3, 1], last.shape);
        Assert.InRange(parameters - (8000 * 128), 750_000, 850_000);
    }
}
