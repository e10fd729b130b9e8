using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Reads entities out of tags.</summary>
public static class EntityTags
{
    private static readonly (EntityScheme Scheme, string[] Prefixes)[] s_detectable =
    [
        (EntityScheme.Iob2, ["BIO", "BI", "BO", "B"]),
        (EntityScheme.Ioe2, ["EIO", "EI", "EO", "E"]),
        (EntityScheme.Iobes, ["BEIOS", "BEIS", "BEIO", "BEOS", "BEI", "BES", "BEO", "BE", "S"]),
        (EntityScheme.Bilou, ["BILOU", "BILU", "BILO", "BLOU", "BIL", "BLU", "BLO", "BL", "U"]),
    ];

    /// <summary>The entities of a sentence, in their order.</summary>
    /// <param name="tags">The sentence's tags.</param>
    /// <param name="scheme">The scheme whose rules are strict; default null: conlleval's rules, which repair what is broken.</param>
    /// <param name="suffix">Whether the prefix stands at the end of the tag. Default false.</param>
    /// <exception cref="ArgumentException">A tag is null or empty, or its prefix is none of the scheme's.</exception>
    public static IReadOnlyList<EntitySpan> Read(IReadOnlyList<string> tags, EntityScheme? scheme = null, bool suffix = false)
    {
        CheckTags(tags);
        return scheme is EntityScheme strict
            ? StrictSpans.Read(tags, strict, suffix)
            : [.. new ConllChunks(suffix).Read(tags).Select(chunk => new EntitySpan(chunk.Type, (int)chunk.Begin, (int)chunk.End))];
    }

    /// <summary>The scheme that tags are written in, judged by the prefixes that occur, as seqeval does: IOB2, IOE2, IOBES or BILOU.</summary>
    /// <param name="sentences">The tags of sentences; best those of the reference.</param>
    /// <param name="suffix">Whether the prefix stands at the end of the tag. Default false.</param>
    /// <returns>Null where the prefixes are those of no scheme, or of IOB1 or IOE1, which they don't tell.</returns>
    /// <exception cref="ArgumentException">A tag is null or empty.</exception>
    public static EntityScheme? DetectScheme(IEnumerable<IReadOnlyList<string>> sentences, bool suffix = false)
    {
        SortedSet<int> prefixes = [];
        foreach (IReadOnlyList<string> tags in Require.NotNull(sentences))
        {
            CheckTags(tags);
            foreach (string tag in tags) prefixes.Add(Split(tag, suffix).Prefix);
        }
        string found = string.Concat(prefixes.Select(prefix => prefix < 0x80 ? ((char)prefix).ToString() : "?"));
        foreach ((EntityScheme scheme, string[] combinations) in s_detectable)
        {
            if (combinations.Contains(found)) return scheme;
        }
        return null;
    }

    /// <summary>The prefix of a tag (a code point) and the rest of it.</summary>
    internal static (int Prefix, string Type) Split(string tag, bool suffix)
    {
        if (suffix)
        {
            int length = tag.Length > 1 && char.IsSurrogatePair(tag[^2], tag[^1]) ? 2 : 1;
            return (length == 2 ? char.ConvertToUtf32(tag[^2], tag[^1]) : tag[^1], tag[..^length]);
        }
        int width = tag.Length > 1 && char.IsSurrogatePair(tag[0], tag[1]) ? 2 : 1;
        return (width == 2 ? char.ConvertToUtf32(tag[0], tag[1]) : tag[0], tag[width..]);
    }

    private static void CheckTags(IReadOnlyList<string> tags)
    {
        for (int i = 0; i < Require.NotNull(tags).Count; i++) Require.Argument(!string.IsNullOrEmpty(tags[i]), string.Create(CultureInfo.InvariantCulture, $"A tag must have a prefix, O for example; token {i} (counted from 0) has none."), nameof(tags));
    }
}
