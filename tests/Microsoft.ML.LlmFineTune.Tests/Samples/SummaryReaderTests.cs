using Microsoft.ML.LlmFineTune.Tests.Estimators;
using Samples.Corpus;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Samples;

public sealed class SummaryReaderTests
{
    [Theory]
    [InlineData("""Gets the <see cref="T:System.Collections.Generic.List`1" /> of <paramref name="name" />.""", "Gets the List of name.")]
    [InlineData("""Calls <see cref="M:System.String.Format(System.String,System.Object)" /> or <see langword="null" />.""", "Calls Format or null.")]
    [InlineData("""Makes a <see cref="M:System.Text.StringBuilder.#ctor(System.Int32)" />.""", "Makes a StringBuilder.")]
    [InlineData("""See <see cref="P:System.String.Length">the length</see>, <c>code</c>.""", "See the length, code.")]
    [InlineData("""Converts <see cref="M:System.Decimal.op_Explicit(System.Decimal)~System.Byte" />.""", "Converts op_Explicit.")]
    [InlineData("one\n      two <para>three</para>four", "one two three four")]
    public void CrossReferencesBecomeShortNamesAndWhiteSpaceIsFolded(string summary, string expected) =>
        Assert.Equal(expected, Assert.Single(Read($"""<member name="T:System.Thing"><summary> {summary} </summary></member>""")).Text);

    [Theory]
    [InlineData("T:System.Net.Http.HttpClient", "System.Net.Http", "Type")]
    [InlineData("M:System.Net.Http.HttpClient.Send(System.Net.Http.HttpRequestMessage)", "System.Net.Http", "Method")]
    [InlineData("P:System.Environment.SpecialFolder.Value", "System", "Property")]
    [InlineData("F:System.Environment.SpecialFolder.Desktop", "System", "Field")]
    [InlineData("E:System.Net.Http.HttpClient.Sent", "System.Net.Http", "Event")]
    public void NamespaceAndKindComeFromTheId(string id, string space, string kind)
    {
        string types = string.Concat(new[] { "System.Net.Http.HttpClient", "System.Environment", "System.Environment.SpecialFolder" }
            .Where(type => "T:" + type != id).Select(type => $"""<member name="T:{type}" />"""));
        var member = Assert.Single(Read($"""{types}<member name="{id}"><summary>A text.</summary></member>"""));
        Assert.Equal((space, kind), (member.Namespace, member.Kind));
    }

    [Fact]
    public void MembersWithoutTextAreLeftOut() =>
        Assert.Empty(Read("""<member name="T:A.B"><summary>  </summary></member><member name="T:A.C" /><member name="N:A"><summary>A namespace.</summary></member>"""));

    private static List<DocumentedMember> Read(string members)
    {
        string path = Path.Combine(ScratchFolder.New(), "doc.xml");
        File.WriteAllText(path, $"<doc><members>{members}</members></doc>");
        return [.. SummaryReader.Read(path)];
    }
}
