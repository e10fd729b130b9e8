using Microsoft.ML.LlmFineTune.Runtime;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Runtime;

public sealed class RequireTests
{
    [Fact]
    public void Messages_say_what_was_required_and_received()
    {
        int rows = 0;
        Assert.StartsWith("rows must be at least 1; received 0.", Assert.Throws<ArgumentOutOfRangeException>(() => Require.AtLeast(rows, 1)).Message, StringComparison.Ordinal);
        double rate = double.NaN;
        Assert.StartsWith("rate must be greater than 0 and finite; received NaN.", Assert.Throws<ArgumentOutOfRangeException>(() => Require.Positive(rate)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Require.NotNegative(double.PositiveInfinity));
        Assert.Throws<ArgumentOutOfRangeException>(() => Require.Within(1.1, 0.0, 1.0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Require.Below(1.0, 0.0, 1.0));
        Assert.Throws<ArgumentNullException>(() => Require.NotNull<string>(null));
        Assert.Throws<ArgumentException>(() => Require.Text(" "));
        Assert.Throws<InvalidOperationException>(() => Require.State(false, "closed"));
    }

    [Fact]
    public void Good_values_pass_through()
    {
        Assert.Equal(1, Require.AtLeast(1, 1));
        Assert.Equal(0.5, Require.Positive(0.5));
        Assert.Equal(0, Require.NotNegative(0));
        Assert.Equal(1.0, Require.Within(1.0, 0.0, 1.0));
        Assert.Equal(0.0, Require.Below(0.0, 0.0, 1.0));
    }
}
