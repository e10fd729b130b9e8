using Microsoft.ML.LlmFineTune.Checkpoints;
using Microsoft.ML.LlmFineTune.Models;
using Microsoft.ML.LlmFineTune.Tests.Losses;
using Microsoft.ML.LlmFineTune.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Repository;

/// <summary>What docs/objectives.md shows compiles and runs.</summary>
public sealed class ObjectivesDocumentTests
{
    [Fact]
    public void Its_code_is_the_one_that_is_compiled() => DocumentCode.AssertIsCompiled("objectives.md", "ObjectivesExample.cs");

    [Fact]
    public void Its_code_runs()
    {
        string folder = Directory.CreateTempSubdirectory("objectives").FullName;
        try
        {
            using DecoderModel model = TinyModels.Decoder();
            HuggingFaceFolder.Save(folder, model);
            Tensor before = model.parameters().First().clone();
            ObjectivesExample.Run(model, folder, new TrainingOptions { Epochs = 2, Device = LlmFineTune.Runtime.ComputeDevice.Cpu });
            Assert.False(before.allclose(model.parameters().First()));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
