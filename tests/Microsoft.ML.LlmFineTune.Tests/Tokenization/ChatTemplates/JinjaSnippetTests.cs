using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.ChatTemplates;

/// <summary>The language, against what Jinja2 itself answered.</summary>
public sealed class JinjaSnippetTests
{
    [Fact]
    public void Every_snippet_prints_what_Jinja2_prints()
    {
        var snippets = ChatTemplateFixtures.Snippets;
        var context = ChatTemplateFixtures.Context(snippets);
        var count = 0;
        foreach (var snippet in snippets.GetProperty("cases").EnumerateArray())
        {
            var template = snippet.GetProperty("template").GetString()!;
            count++;
            if (snippet.TryGetProperty("error", out var error))
            {
                var refused = Assert.Throws<ChatTemplateException>(() => ChatTemplateFixtures.Render(template, context));
                Assert.Equal((template, error.GetString(), snippet.GetProperty("message").GetString()), (template, refused.Kind.ToString(), refused.Reason));
                Assert.NotNull(refused.Line);
                continue;
            }
            var text = ChatTemplateFixtures.Render(template, context);
            if (snippet.TryGetProperty("out", out var expected)) Assert.Equal((template, expected.GetString()), (template, text));
        }
        Assert.Equal(333, count);
    }

    // What Jinja2 3.1.6 on Python 3.11 prints.
    [Theory]
    [InlineData("{% set a = 1 %}{% for i in [1,2] %}{{ a }}{% set a = a + 1 %}{{ a }}{% endfor %}{{ a }}", "12121")]
    [InlineData("{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(b=3) }}", "11123")]
    [InlineData("{{ '%5.2f|%-8s|%+d|% d|%08.3f|%e|%G|%g|%g' % (3.14159, 'ab', 5, 7, -2.5, 12345.678, 1e-10, 100000, 1000000) }}", " 3.14|ab      |+5| 7|-002.500|1.234568e+04|1E-10|100000|1e+06")]
    [InlineData("{{ '{:,} {:_} {:,.2f} {:08.3f} {:+} {: }'.format(1234567, 1234567, 1234.5, 3.14159, 5, 6) }}", "1,234,567 1_234_567 1,234.50 0003.142 +5  6")]
    [InlineData("{{ 9223372036854775807 + 1 }} {{ -99999999999999999999 % 7 }} {{ 10 ** 30 / 10 ** 29 }}", "9223372036854775808 6 10.0")]
    [InlineData("{{ 7 // -2 }} {{ 7.5 % -2 }} {{ -0.0 }} {{ 2.675 | round(2) }} {{ 0.5 | round }}", "-4 -0.5 -0.0 2.67 0.0")]
    [InlineData("{% for x in [1,2,3] if x != 2 %}{{ loop.index }}{{ loop.length }}{{ loop.last }}{% endfor %}", "12False22True")]
    [InlineData("{{ ('<a>' | e) + '<b>' }} {{ '%s' | safe % '<' }} {{ ['<a>' | safe] }}", "&lt;a&gt;&lt;b&gt; &lt; [Markup('<a>')]")]
    [InlineData("{{ 'ΌΣΟΣ'.lower() }} {{ 'ﬁ'.upper() }} {{ 'ı'.upper() }} {{ 'a😀b'[::-1] }} {{ 'a😀b' | length }} {{ '五'.isnumeric() }}", "όσος FI I b😀a 3 True")]
    [InlineData("{{ ' a b c '.split(maxsplit=1) }}{{ ' a  b '.rsplit(none, 1) }}", "['a', 'b c '][' a', 'b']")]
    public void Behaves_as_Python_does(string template, string expected) => Assert.Equal(expected, ChatTemplateFixtures.Render(template));

    [Theory]
    [InlineData("a\n  {{ 1 + }}", 2, 10, "unexpected 'end of print statement'")]
    [InlineData("{% if x %}\n\n{% endfor %}", 3, 4, "Encountered unknown tag 'endfor'. Jinja was looking for the following tags: 'elif' or 'else' or 'endif'. The innermost block that needs to be closed is 'if'.")]
    [InlineData("{{ x | nope }}", 1, 8, "No filter named 'nope'.")]
    public void A_syntax_error_names_its_place(string template, int line, int column, string reason)
    {
        var refused = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template));
        Assert.Equal((line, column, reason), (refused.Line!.Value, refused.Column!.Value, refused.Reason));
        Assert.Contains($"line {line}", refused.Message);
    }

    [Fact]
    public void An_error_while_rendering_names_its_line()
    {
        var refused = Assert.Throws<ChatTemplateException>(() => ChatTemplateFixtures.Render("a\n{% if true %}\n{{ x.y }}\n{% endif %}"));
        Assert.Equal((ChatTemplateErrorKind.UndefinedError, 3), (refused.Kind, refused.Line!.Value));
    }

    [Theory]
    [InlineData("include 'x'")]
    [InlineData("extends 'x'")]
    [InlineData("import 'x' as y")]
    [InlineData("from 'x' import y")]
    public void Other_templates_are_refused(string statement) => Assert.Equal(ChatTemplateErrorKind.TypeError, Assert.Throws<ChatTemplateException>(() => ChatTemplateFixtures.Render($"{{% {statement} %}}")).Kind);

    [Fact]
    public void Autoescape_is_refused_by_name() => Assert.Contains("autoescape", Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("{% autoescape true %}{% endautoescape %}")).Reason);
}
