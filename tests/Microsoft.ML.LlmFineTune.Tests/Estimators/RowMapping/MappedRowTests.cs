using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators.RowMapping;

public sealed class MappedRowTests
{
    [Fact]
    public void TheScorerRunsOnceARowWhenAValueIsRead()
    {
        var source = new CountingView(3);
        var scorer = new LengthScorer(lookAhead: 32);
        var mapper = new TextMapping<string>("Text", scorer).Bind(source.Schema);
        using var input = source.GetRowCursor(source.Schema);
        var row = mapper.GetRow(input, mapper.OutputSchema);
        var length = row.GetGetter<int>(mapper.OutputSchema["Length"]);
        var capital = row.GetGetter<ReadOnlyMemory<char>>(mapper.OutputSchema["Capital"]);
        var id = row.GetGetter<int>(mapper.OutputSchema["Id"]);
        (int theLength, int theId, ReadOnlyMemory<char> theCapital) = (0, 0, default);
        for (int i = 0; i < 3; i++)
        {
            Assert.True(input.MoveNext());
            id(ref theId);
            Assert.Equal(i, theId);
            Assert.Equal(i, scorer.Batches.Count);
            length(ref theLength);
            capital(ref theCapital);
            Assert.Equal($"TEXT {i}", theCapital.ToString());
            Assert.Equal(i + 1, scorer.Batches.Count);
        }
        Assert.All(scorer.Batches, batch => Assert.Equal(1, batch));
    }

    [Fact]
    public void OnlyTheTextIsNeededForTheNewColumns()
    {
        var source = new CountingView(1);
        var mapper = new TextMapping<string>("Text", new LengthScorer(1)).Bind(source.Schema);
        var output = mapper.OutputSchema;
        Assert.Equal(["Text"], mapper.GetDependencies([output["Length"], output["Capital"]]).Select(column => column.Name));
        Assert.Equal(["Vector"], mapper.GetDependencies([output["Vector"]]).Select(column => column.Name));
        Assert.Equal(["Id", "Text"], mapper.GetDependencies([output["Id"], output["Length"], output["Text"]]).Select(column => column.Name).Order());
    }
}
