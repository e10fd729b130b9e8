using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Estimators.RowMapping;

public sealed class SchemaShapesTests
{
    [Fact]
    public void AShapeKnowsKindsKeysAndAnnotations()
    {
        var names = new DataViewSchema.Annotations.Builder();
        names.Add("KeyValues", new VectorDataViewType(TextDataViewType.Instance, 3), (ref VBuffer<ReadOnlyMemory<char>> _) => Assert.Fail("A shape reads no values."));
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("Key", new KeyDataViewType(typeof(uint), 3), names.ToAnnotations());
        builder.AddColumn("Vector", new VectorDataViewType(NumberDataViewType.Single, 3));
        builder.AddColumn("Words", new VectorDataViewType(TextDataViewType.Instance));
        var shape = SchemaShapes.Of(builder.ToSchema());

        Assert.Equal(["Key", "Vector", "Words"], shape.Select(column => column.Name));
        Assert.Equal([true, false, false], shape.Select(column => column.IsKey));
        Assert.Equal(
            [SchemaShape.Column.VectorKind.Scalar, SchemaShape.Column.VectorKind.Vector, SchemaShape.Column.VectorKind.VariableVector],
            shape.Select(column => column.Kind));
        Assert.Equal([NumberDataViewType.UInt32, NumberDataViewType.Single, TextDataViewType.Instance], shape.Select(column => column.ItemType));
        Assert.Equal("KeyValues", Assert.Single(shape[0].Annotations).Name);
    }

    [Fact]
    public void NewColumnsTakeThePlaceOfThoseTheyHide()
    {
        var input = SchemaShapes.Of(new CountingView(0).Schema);
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("Id", TextDataViewType.Instance);
        var output = SchemaShapes.Extend(input, builder.ToSchema());
        Assert.Equal(["Id", "Text", "Vector"], output.Select(column => column.Name).Order());
        Assert.IsType<TextDataViewType>(output.Single(column => column.Name == "Id").ItemType);
    }
}
