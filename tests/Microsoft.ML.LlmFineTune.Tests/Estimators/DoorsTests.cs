using Microsoft.ML.LlmFineTune.Doors;
using Microsoft.ML.Runtime;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators;

public sealed class DoorsTests
{
    [Fact]
    public void ACatalogLeadsToItsContext()
    {
        var ml = new MLContext(3);
        var log = new LogLines(ml);
        foreach (object catalog in (object[])[ml.MulticlassClassification.Trainers, ml.Transforms.Text])
        {
            var environment = Assert.IsAssignableFrom<IHostEnvironment>(EnvironmentDoor.Of(catalog));
            using (var channel = environment.Register("Door").Start("Test"))
                channel.Info(MessageSensitivity.None, catalog.GetType().Name);
            Assert.Contains(log.All, line => line.Text == catalog.GetType().Name);
        }
    }

    [Fact]
    public void AClosedDoorSaysWhatStillWorks()
    {
        Assert.Contains("SaveFolder", Assert.Throws<NotSupportedException>(() => ModelDoor.Save(new object(), [])).Message);
        Assert.Contains("mlContext.LanguageModels", Assert.Throws<NotSupportedException>(() => EnvironmentDoor.Of(new object())).Message);
    }

    [Fact]
    public void AFileNameThatLeadsOutOfTheFolderIsRefused()
    {
        bool Entry(string name, Action<Stream> read)
        {
            read(new MemoryStream("{\"../evil\":\"\"}"u8.ToArray()));
            return true;
        }
        Assert.Contains("leads out of the model's folder", Assert.Throws<InvalidDataException>(() => new LlmFineTune.Estimators.RowMapping.ModelReader().Read(new MLContext(), Entry)).Message);
    }
}
