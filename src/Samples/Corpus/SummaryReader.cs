using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Samples.Corpus;

/// <summary>A documented member: the text of its summary and where it belongs.</summary>
internal sealed record DocumentedMember(string Text, string Namespace, string Kind);

/// <summary>Reads the summaries of one XML documentation file.</summary>
internal static partial class SummaryReader
{
    internal static IEnumerable<DocumentedMember> Read(string path)
    {
        var members = XDocument.Load(path, LoadOptions.PreserveWhitespace).Descendants("member")
            .Where(member => member.Attribute("name")?.Value is { Length: > 2 } name && name[1] == ':').ToList();
        var types = members.Select(member => member.Attribute("name")!.Value).Where(name => name[0] == 'T').Select(name => name[2..]).ToHashSet();
        foreach (var member in members)
        {
            string id = member.Attribute("name")!.Value;
            string text = member.Element("summary") is { } summary ? WhiteSpace().Replace(Resolve(summary), " ").Trim() : "";
            if (text.Length > 0 && KindOf(id[0]) is { } kind)
                yield return new DocumentedMember(text, NamespaceOf(id, types), kind);
        }
    }

    /// <summary>The text of an element; cross-references stand as their short names.</summary>
    private static string Resolve(XElement element)
    {
        var text = new StringBuilder();
        foreach (var node in element.Nodes())
        {
            _ = node switch
            {
                XText words => text.Append(words.Value),
                XElement inner => text.Append(ResolveInner(inner)),
                _ => text,
            };
        }
        return text.ToString();
    }

    private static string ResolveInner(XElement element) => Resolve(element) is { Length: > 0 } text
        ? element.Name.LocalName == "para" ? $" {text} " : text
        : element.Attribute("cref") is { } reference ? ShortName(reference.Value)
        : (element.Attribute("langword") ?? element.Attribute("name"))?.Value ?? " ";

    /// <summary>"M:System.String.Format(System.String,System.Object)" and "T:System.Collections.Generic.List`1" are Format and List.</summary>
    private static string ShortName(string reference)
    {
        string name = Owned(reference);
        string last = name[(name.LastIndexOf('.') + 1)..];
        if (last is "#ctor" or "#cctor")
            return ShortName(name[..name.LastIndexOf('.')]);
        return last.Split('`')[0].Replace('#', '.');
    }

    /// <summary>The id without its kind, its parameters and its return type.</summary>
    private static string Owned(string id)
    {
        string name = id.Length > 1 && id[1] == ':' ? id[2..] : id;
        return name.Split('(', '~')[0];
    }

    /// <summary>What is left of the id when the member and all types around it are taken off.</summary>
    private static string NamespaceOf(string id, HashSet<string> types)
    {
        string name = Owned(id);
        do
        {
            int dot = name.LastIndexOf('.');
            name = dot < 0 ? "" : name[..dot];
        }
        while (types.Contains(name));
        return name;
    }

    private static string? KindOf(char prefix) => prefix switch
    {
        'T' => "Type",
        'M' => "Method",
        'P' => "Property",
        'F' => "Field",
        'E' => "Event",
        _ => null,
    };

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}
