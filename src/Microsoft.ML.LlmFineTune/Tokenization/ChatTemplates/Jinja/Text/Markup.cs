using System.Text.RegularExpressions;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>Work on HTML that some filters do.</summary>
internal static class Markup
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly Regex Web = new(
        @"^((https?://|www\.)(([\w%-]+\.)+)?([a-z]{2,63}|xn--[\w%]{2,59})|([\w%-]{2,63}\.)+(com|net|int|edu|gov|org|info|mil)|(https?://)((([\d]{1,3})(\.[\d]{1,3}){3})|(\[([\da-f]{0,4}:){2}([\da-f]{0,4}:?){1,6}])))(?::[\d]{1,5})?(?:[/?#]\S*)?$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Patience);

    private static readonly Regex Mail = new(@"^\S+@\w[\w.-]*\.\w+$", RegexOptions.CultureInvariant, Patience);

    /// <summary>The text without comments and tags, entities resolved, white space made one blank.</summary>
    public static string StripTags(string html)
    {
        html = Cut(Cut(html, "<!--", "-->"), "<", ">");
        return System.Net.WebUtility.HtmlDecode(string.Join(' ', StringMethods.Words(html)));
    }

    /// <summary>Makes links of what looks like web and mail addresses.</summary>
    public static string Urlize(string text, long? trim, string? rel, string? target, IReadOnlyList<string> schemes)
    {
        var attributes = (string.IsNullOrEmpty(rel) ? "" : $" rel=\"{MarkupText.Escape(rel)}\"") + (string.IsNullOrEmpty(target) ? "" : $" target=\"{MarkupText.Escape(target)}\"");
        var output = new PrintBuffer();
        foreach (var word in Regex.Split(MarkupText.Escape(text), @"(\s+)"))
        {
            RenderBudget.Steps(1 + word.Length);
            // An address is short; longer words are left as they are.
            output.Append(word.Length > 4096 ? word : Link(word, trim, attributes, schemes));
        }
        return output.ToString();
    }

    private static string Cut(string html, string open, string close)
    {
        var output = new System.Text.StringBuilder();
        var at = 0;
        for (int start; (start = html.IndexOf(open, at, StringComparison.Ordinal)) >= 0;)
        {
            var end = html.IndexOf(close, start, StringComparison.Ordinal);
            if (end < 0) break;
            output.Append(html, at, start - at);
            at = end + close.Length;
        }
        return output.Append(html, at, html.Length - at).ToString();
    }

    private static string Link(string word, long? trim, string attributes, IReadOnlyList<string> schemes)
    {
        string head = "", middle = word, tail = "";
        var opening = Regex.Match(middle, @"^([(<]|&lt;)+");
        if (opening.Success) (head, middle) = (opening.Value, middle[opening.Length..]);
        var closing = Regex.Match(middle, @"([)>.,\n]|&gt;)+$", RegexOptions.RightToLeft);
        if (closing.Success) (middle, tail) = (middle[..closing.Index], closing.Value);
        foreach (var (start, end) in new[] { ("(", ")"), ("<", ">"), ("&lt;", "&gt;") })
        {
            var opened = Count(middle, start);
            if (opened <= Count(middle, end)) continue;
            for (var i = Math.Min(opened, Count(tail, end)); i > 0; i--)
            {
                var at = tail.IndexOf(end, StringComparison.Ordinal) + end.Length;
                (middle, tail) = (middle + tail[..at], tail[at..]);
            }
        }
        return head + Anchor(middle, trim, attributes, schemes) + tail;
    }

    private static string Anchor(string address, long? trim, string attributes, IReadOnlyList<string> schemes)
    {
        try
        {
            if (Web.IsMatch(address))
            {
                var shown = trim is { } most && CodePointText.Count(address) > most ? address[..CodePointText.Offset(address, (int)most)] + "..." : address;
                var link = address.StartsWith("https://", StringComparison.Ordinal) || address.StartsWith("http://", StringComparison.Ordinal) ? address : "https://" + address;
                return $"<a href=\"{link}\"{attributes}>{shown}</a>";
            }
            if (address.StartsWith("mailto:", StringComparison.Ordinal) && Mail.IsMatch(address[7..])) return $"<a href=\"{address}\">{address[7..]}</a>";
            if (address.Contains('@') && !address.StartsWith("www.", StringComparison.Ordinal) && !address.StartsWith('@') && !address.Contains(':') && Mail.IsMatch(address)) return $"<a href=\"mailto:{address}\">{address}</a>";
        }
        catch (RegexMatchTimeoutException)
        {
            return address;
        }
        foreach (var scheme in schemes)
        {
            if (address != scheme && address.StartsWith(scheme, StringComparison.Ordinal)) return $"<a href=\"{address}\"{attributes}>{address}</a>";
        }
        return address;
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}
