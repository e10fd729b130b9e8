using Microsoft.ML.LlmFineTune.Evaluation;
using Microsoft.ML.LlmFineTune.Tests.Data;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Evaluation.Bias;

public sealed class TermSwapperTests
{
    private static readonly TermTable s_gender = TermTable.OfPairs("male", "female",
        ("he", "she"), ("him", "her"), ("king", "queen"), ("father-in-law", "mother-in-law"), ("father", "mother"), ("prime minister's husband", "prime minister's wife"), ("Élan", "Ève"), ("Mary", "John"), ("der Arzt", "die Ärztin"));

    [Theory]
    [InlineData("he thanked her", "she thanked him")]                               // both directions at once
    [InlineData("The theory, there: the", "The theory, there: the")]                // not inside of words
    [InlineData("HE said: He, he.", "SHE said: She, she.")]                         // letter case
    [InlineData("he's the king's", "she's the queen's")]                            // an apostrophe ends a word
    [InlineData("king-size king_size kings", "queen-size king_size kings")]         // a hyphen does, an underscore and an s do not
    [InlineData("my father-in-law and my father", "my mother-in-law and my mother")]// the longest term wins
    [InlineData("the Prime  Minister's\nWife", "the Prime Minister's Husband")]     // several words, any white space, capitals of each word
    [InlineData("ÉLAN élan Élan", "ÈVE ève Ève")]                                   // capitals beyond ASCII
    [InlineData("MARY mary Mary", "JOHN john John")]                                // a name keeps its capital
    [InlineData("hé he\u0301 he\U0001D400 \U0001F600he\U0001F600", "hé he\u0301 he\U0001D400 \U0001F600she\U0001F600")] // marks and astral letters are letters, emoji are not
    [InlineData("Der Arzt, DER ARZT", "Die Ärztin, DIE ÄRZTIN")]
    [InlineData("", "")]
    public void ATermIsSwapped(string text, string expected) => Assert.Equal(expected, new TermSwapper(s_gender).Swap(text).Text);

    [Fact]
    public void WhatWasSwappedIsTold()
    {
        SwappedText swapped = new TermSwapper(s_gender).Swap("So He saw her.");
        Assert.Equal([new TermSwap(3, "He", "She", "male", "female"), new TermSwap(10, "her", "him", "female", "male")], swapped.Swaps);
        Assert.True(swapped.Changed);
        Assert.False(new TermSwapper(s_gender).Swap("Nobody").Changed);
    }

    [Fact]
    public void SwappingTwiceGivesTheTextBack()
    {
        const string text = "He told HER that the King, his Father, saw him.";
        TermSwapper swapper = new(s_gender);
        Assert.Equal(text, swapper.Swap(swapper.Swap(text).Text).Text);
    }

    [Fact]
    public void OneDirectionLeavesTheOtherGroupAlone() => Assert.Equal("she thanked her", new TermSwapper(s_gender, fromGroup: "male").Swap("he thanked her").Text);

    [Fact]
    public void ThreeGroupsGiveTwoVariants()
    {
        TermSwapper swapper = new(new TermTable(["a", "b", "c"], [["Norvale", "Sudham", "Ostend"]]));
        Assert.Equal(["from Sudham to Ostend", "from Ostend to Norvale"], swapper.Variants("from Norvale to Sudham").Select(variant => variant.Text));
        Assert.Empty(swapper.Variants("from nowhere"));
    }

    [Fact]
    public void AnAmbiguousTermTakesItsFirstReplacement()
    {
        TermSwapper swapper = new(TermTable.OfPairs("male", "female", ("his", "her"), ("him", "her")));
        Assert.Equal("he saw his", swapper.Swap("he saw her").Text);
        Assert.Equal(["her"], swapper.AmbiguousTerms);
        Assert.Empty(new TermSwapper(s_gender).AmbiguousTerms);
    }

    [Fact]
    public void ATermOfBothGroupsIsNoSwap() => Assert.False(new TermSwapper(TermTable.OfPairs("male", "female", ("parent", "parent"))).Swap("a parent").Changed);

    [Fact]
    public void BadListsAreRefused()
    {
        Assert.Contains("'he!'", Assert.Throws<ArgumentException>(() => TermTable.OfPairs("m", "f", ("he!", "she"))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new TermTable(["m"], [["he"]]));
        Assert.Throws<ArgumentException>(() => new TermTable(["m", "m"], [["he", "she"]]));
        Assert.Throws<ArgumentException>(() => TermTable.OfPairs("m", "f"));
        Assert.Contains("Row 1", Assert.Throws<ArgumentException>(() => new TermTable(["m", "f"], [["he", "she"], ["him"]])).Message, StringComparison.Ordinal);
        Assert.Contains("male, female", Assert.Throws<ArgumentException>(() => new TermSwapper(s_gender, "other")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AListIsReadFromAFile()
    {
        using TemporaryFile file = new(".csv", "male, female\nhe, she\n\"father, senior\",mother\n");
        Assert.Equal("She and mother", new TermSwapper(TermTable.Read(file.Path)).Swap("He and father, senior").Text);
        using TemporaryFile bad = new(".csv", "male,female\nhe,\n");
        Assert.Contains(bad.Path, Assert.Throws<InvalidDataException>(() => TermTable.Read(bad.Path)).Message, StringComparison.Ordinal);
    }
}
