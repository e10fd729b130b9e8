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
            using DecoderModel model = TinyModels.Decoder(), student = TinyModels.Decoder(2), teacher = TinyModels.Decoder(3);
            using BackboneModel encoder = TinyModels.Encoder();
            HuggingFaceFolder.Save(folder, model);
            nn.Module[] trained = [model, student, encoder];
            Tensor[] before = [.. trained.Select(one => one.parameters().First().clone())];
            ObjectivesExample.Run(model, student, teacher, encoder, folder, new TrainingOptions { Epochs = 2, Device = LlmFineTune.Runtime.ComputeDevice.Cpu });
            Assert.All(trained.Zip(before), one => Assert.False(one.Second.allclose(one.First.parameters().First())));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
