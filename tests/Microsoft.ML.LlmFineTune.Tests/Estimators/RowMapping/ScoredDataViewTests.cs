using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators.RowMapping;

public sealed class ScoredDataViewTests
{
    private readonly CountingView _source = new(100);
    private readonly LengthScorer _scorer = new(lookAhead: 32);

    private IDataView View => new TextMapping<string>("Text", _scorer).Apply(_source);

    [Fact]
    public void RowsComeInOrderWithTheirOwnValues()
    {
        var view = View;
        using var cursor = view.GetRowCursor(view.Schema);
        var id = cursor.GetGetter<int>(view.Schema["Id"]);
        var vector = cursor.GetGetter<VBuffer<float>>(view.Schema["Vector"]);
        var capital = cursor.GetGetter<ReadOnlyMemory<char>>(view.Schema["Capital"]);
        var length = cursor.GetGetter<int>(view.Schema["Length"]);
        var rowId = cursor.GetIdGetter();
        var vectors = new List<VBuffer<float>>();
        for (int row = 0; row < 100; row++)
        {
            Assert.True(cursor.MoveNext());
            (int theId, int theLength, ReadOnlyMemory<char> theCapital, VBuffer<float> theVector, DataViewRowId theRowId) = (0, 0, default, default, default);
            id(ref theId);
            length(ref theLength);
            capital(ref theCapital);
            vector(ref theVector);
            rowId(ref theRowId);
            vectors.Add(theVector);
            Assert.Equal(row, theId);
            Assert.Equal(row, cursor.Position);
            Assert.Equal(row / 10, cursor.Batch);
            Assert.Equal(new DataViewRowId((ulong)row, 7), theRowId);
            Assert.Equal(CountingView.TextOf(row).Length, theLength);
            Assert.Equal(CountingView.TextOf(row).ToUpperInvariant(), theCapital.ToString());
        }
        Assert.False(cursor.MoveNext());
        Assert.False(cursor.MoveNext());
        // Read at last, so that a vector that shares storage with a later row is found out.
        for (int row = 0; row < 100; row++)
            Assert.Equal(Enumerable.Repeat((float)row, row), vectors[row].DenseValues());
        Assert.Equal(100, _source.RowsMoved);
    }

    [Fact]
    public void WindowsGrowToTheLookAhead()
    {
        var view = View;
        Assert.Equal(100, Count(view, "Length"));
        Assert.Equal([16, 32, 32, 20], _scorer.Batches);
        Assert.Equal(["Text"], Assert.Single(_source.Asked));
        Assert.All(_scorer.Activity, active => Assert.Equal([true, false], active));
    }

    [Fact]
    public void AReaderOfFewRowsPaysForFew()
    {
        var view = View;
        Assert.Equal(1, Count(view, "Capital", atMost: 1));
        Assert.Equal(16, _source.RowsMoved);
        Assert.Equal([16], _scorer.Batches);
    }

    [Fact]
    public void WithoutOurColumnsNothingIsComputed()
    {
        var view = View;
        Assert.Equal(1, Count(view, "Id", atMost: 1));
        Assert.Equal(1, _source.RowsMoved);
        Assert.Equal(["Id"], Assert.Single(_source.Asked));
        Assert.Empty(_scorer.Batches);
        Assert.DoesNotContain("Text", _source.Reads.Keys);
    }

    [Fact]
    public void NothingRunsBeforeACursorMoves()
    {
        var view = View;
        Assert.Equal(["Id", "Text", "Vector", "Length", "Capital"], view.Schema.Select(column => column.Name));
        Assert.Equal(100, view.GetRowCount());
        using var cursor = view.GetRowCursor(view.Schema);
        Assert.Equal(-1, cursor.Position);
        Assert.Equal(0, _source.RowsMoved);
        Assert.Empty(_scorer.Batches);
    }

    [Fact]
    public void MisuseSaysWhatIsWrong()
    {
        var view = View;
        using var cursor = view.GetRowCursor([view.Schema["Length"]]);
        var length = cursor.GetGetter<int>(view.Schema["Length"]);
        int value = 0;
        Assert.Contains("MoveNext", Assert.Throws<InvalidOperationException>(() => length(ref value)).Message);
        Assert.Contains("Single", Assert.Throws<InvalidOperationException>(() => cursor.GetGetter<float>(view.Schema["Length"])).Message);
        Assert.Contains("'Id' is not active", Assert.Throws<ArgumentException>(() => cursor.GetGetter<int>(view.Schema["Id"])).Message);
    }

    [Theory]
    [InlineData("Words", "'Words' is missing", "Id, Text, Vector")]
    [InlineData("Id", "'Id' has to be text", "Int32")]
    public void WrongColumnsAreRefusedBeforeARowIsRead(string column, string problem, string found)
    {
        var error = Assert.Throws<ArgumentException>(() => new TextMapping<string>(column, _scorer).Apply(_source));
        Assert.Contains(problem, error.Message);
        Assert.Contains(found, error.Message);
        Assert.Empty(_source.Asked);
    }

    private static int Count(IDataView view, string column, int atMost = int.MaxValue)
    {
        using var cursor = view.GetRowCursor([view.Schema[column]]);
        int rows = 0;
        while (rows < atMost && cursor.MoveNext())
            rows++;
        return rows;
    }
}
