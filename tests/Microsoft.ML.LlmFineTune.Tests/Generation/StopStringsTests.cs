using System.Text.Json.Nodes;
using Microsoft.ML.LlmFineTune.Generation;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Generation;

public sealed class StopStringsTests
{
    [Fact]
    public void FlagsAndCutsOfTheReference()
    {
        JsonNode file = SharedFixtures.Json("golden/generation/stop_strings.json");
        foreach (JsonNode? @case in file["cases"]!.AsArray())
        {
            StopStrings stops = new([.. @case!["stop_strings"]!.AsArray().Select(text => (string)text!)]);
            string[] symbols = [.. @case["tokens"]!.AsArray().Select(text => (string)text!)];
            bool stopped = false;
            for (int i = 0; i < symbols.Length; i++)
            {
                string before = ByteLevel(symbols[..i]), after = ByteLevel(symbols[..(i + 1)]);
                bool expected = (bool)@case["flags"]![i]!;
                Assert.True(expected == stops.EndsInLastToken(before, after), $"'{before}' then '{after}'");
                if (!expected || stopped) continue;
                stopped = true;
                Assert.Equal((string)@case["text_before_stop_string"]!, after[..stops.FirstIn(after)]);
            }
        }
    }

    [Theory]
    [InlineData("abc", 3)]
    [InlineData("abc##", 3)]
    [InlineData("abc###", 3)]
    [InlineData("abc### U", 3)]
    [InlineData("en", 0)]
    public void AnEndThatMayBecomeAStopStringWaits(string text, int safe) =>
        Assert.Equal(safe, new StopStrings(["### User:", "end."]).SafeLength(text));

    /// <summary>Byte-level symbols back to bytes: printable bytes stand for themselves, the others for the code points from 256 on.</summary>
    private static string ByteLevel(IEnumerable<string> symbols)
    {
        List<byte> shifted = [.. Enumerable.Range(0, 256).Select(value => (byte)value).Where(value => !IsPrintable(value))];
        byte[] bytes = [.. string.Concat(symbols).Select(symbol => symbol < 256 ? (byte)symbol : shifted[symbol - 256])];
        return System.Text.Encoding.UTF8.GetString(bytes);
    }

    private static bool IsPrintable(byte value) => value is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174;
}
