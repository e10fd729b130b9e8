using System.Globalization;
using Microsoft.ML.LlmFineTune.Runtime;

namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>
/// seqeval's strict mode: a scheme lists which pairs of neighbouring tags begin an entity, go on within it, or show that it has ended. An entity that begins and goes on, but whose end is not shown, is dropped.
/// </summary>
internal static class StrictSpans
{
    private static readonly Dictionary<EntityScheme, Rules> s_rules = new()
    {
        [EntityScheme.Iob1] = new(Prefixes.I | Prefixes.O | Prefixes.B,
            [new(Prefixes.O, Prefixes.I), new(Prefixes.I, Prefixes.I, Types.Different), new(Prefixes.B, Prefixes.I), new(Prefixes.I | Prefixes.B, Prefixes.B, Types.Same)],
            [new(Prefixes.B | Prefixes.I, Prefixes.I, Types.Same)],
            [new(Prefixes.I | Prefixes.B, Prefixes.I, Types.Different), new(Prefixes.I | Prefixes.B, Prefixes.O), new(Prefixes.I, Prefixes.B), new(Prefixes.B, Prefixes.B, Types.Same)]),
        [EntityScheme.Ioe1] = new(Prefixes.I | Prefixes.O | Prefixes.E,
            [new(Prefixes.O, Prefixes.I), new(Prefixes.I, Prefixes.I, Types.Different), new(Prefixes.E, Prefixes.I), new(Prefixes.E, Prefixes.E, Types.Same)],
            [new(Prefixes.I, Prefixes.I | Prefixes.E, Types.Same)],
            [new(Prefixes.I, Prefixes.I | Prefixes.E, Types.Different), new(Prefixes.I, Prefixes.O), new(Prefixes.E, Prefixes.I | Prefixes.E, Types.Same)]),
        [EntityScheme.Iob2] = new(Prefixes.I | Prefixes.O | Prefixes.B,
            [new(Prefixes.Any, Prefixes.B)],
            [new(Prefixes.B | Prefixes.I, Prefixes.I, Types.Same)],
            [new(Prefixes.B | Prefixes.I, Prefixes.O | Prefixes.B), new(Prefixes.B | Prefixes.I, Prefixes.I, Types.Different)]),
        [EntityScheme.Ioe2] = new(Prefixes.I | Prefixes.O | Prefixes.E,
            [new(Prefixes.O | Prefixes.E, Prefixes.I | Prefixes.E), new(Prefixes.I, Prefixes.I | Prefixes.E, Types.Different)],
            [new(Prefixes.I, Prefixes.I | Prefixes.E, Types.Same)],
            [new(Prefixes.E, Prefixes.Any)]),
        [EntityScheme.Iobes] = new(Prefixes.I | Prefixes.O | Prefixes.B | Prefixes.E | Prefixes.S,
            [new(Prefixes.Any, Prefixes.B | Prefixes.S)],
            [new(Prefixes.B | Prefixes.I, Prefixes.I | Prefixes.E, Types.Same)],
            [new(Prefixes.S | Prefixes.E, Prefixes.Any)]),
        [EntityScheme.Bilou] = new(Prefixes.B | Prefixes.I | Prefixes.L | Prefixes.O | Prefixes.U,
            [new(Prefixes.Any, Prefixes.B | Prefixes.U)],
            [new(Prefixes.B | Prefixes.I, Prefixes.I | Prefixes.L, Types.Same)],
            [new(Prefixes.U | Prefixes.L, Prefixes.Any)]),
    };

    [Flags]
    private enum Prefixes
    {
        None = 0,
        I = 1,
        O = 2,
        B = 4,
        E = 8,
        S = 16,
        U = 32,
        L = 64,
        Any = 127,
    }

    private enum Types
    {
        Any,
        Same,
        Different,
    }

    public static List<EntitySpan> Read(IReadOnlyList<string> tags, EntityScheme scheme, bool suffix)
    {
        Rules rules = s_rules[scheme];
        Tag outside = new(Prefixes.O, "_");
        List<Tag> tokens = [];
        for (int i = 0; i < tags.Count; i++)
        {
            Tag tag = Parse(tags[i], suffix);
            Require.Argument((tag.Prefix & rules.Allowed) != 0, string.Create(CultureInfo.InvariantCulture, $"Prefixes of {scheme} are {rules.Allowed}; token {i} (counted from 0) has the tag '{tags[i]}'."), nameof(tags));
            tokens.Add(tag);
        }
        tokens.Add(outside);
        List<EntitySpan> spans = [];
        Tag previous = outside;
        for (int i = 0; i < tokens.Count;)
        {
            int start = i;
            if (Matches(rules.Begin, previous, tokens[i++]))
            {
                while (Matches(rules.Inside, tokens[i - 1], tokens[i])) i++;
                if (Matches(rules.End, tokens[i - 1], tokens[i])) spans.Add(new EntitySpan(tokens[start].Type, start, i));
            }
            previous = tokens[i - 1];
        }
        return spans;
    }

    private static bool Matches(Pair[] pairs, Tag previous, Tag tag)
    {
        foreach (Pair pair in pairs)
        {
            if ((previous.Prefix & pair.Previous) == 0 || (tag.Prefix & pair.Current) == 0) continue;
            if (pair.Types == Types.Any || (pair.Types == Types.Same) == (previous.Type == tag.Type)) return true;
        }
        return false;
    }

    private static Tag Parse(string tag, bool suffix)
    {
        (int prefix, string rest) = EntityTags.Split(tag, suffix);
        string type = rest.Trim('-');
        return new Tag(prefix switch
        {
            'I' => Prefixes.I,
            'O' => Prefixes.O,
            'B' => Prefixes.B,
            'E' => Prefixes.E,
            'S' => Prefixes.S,
            'U' => Prefixes.U,
            'L' => Prefixes.L,
            _ => Prefixes.None,
        }, type.Length == 0 ? "_" : type);
    }

    private readonly record struct Tag(Prefixes Prefix, string Type);

    private readonly record struct Pair(Prefixes Previous, Prefixes Current, Types Types = Types.Any);

    private sealed record Rules(Prefixes Allowed, Pair[] Begin, Pair[] Inside, Pair[] End);
}
