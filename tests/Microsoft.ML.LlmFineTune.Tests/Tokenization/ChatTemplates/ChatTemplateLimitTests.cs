using System.Diagnostics;
using Microsoft.ML.LlmFineTune.Tokenization;
using Xunit;

namespace Microsoft.ML.LlmFineTune.Tests.Tokenization.ChatTemplates;

/// <summary>Templates that would take all time or memory are refused, soon and with the reason.</summary>
public sealed class ChatTemplateLimitTests
{
    public static TheoryData<string> Hostile =>
    [
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{% for a in range(100000) %}{% for b in range(100000) %}{{ 'x' }}{% endfor %}{% endfor %}",
        "{% set ns = namespace(s='xxxxxxxx') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}",
        "{% set ns = namespace(s='xxxxxxxx') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{% set ns = namespace(l=[0]) %}{% for i in range(60) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
        "{% set ns = namespace(l=[0]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=[0]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l | tojson }}",
        "{% set ns = namespace(l=[0], m=[0]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% set ns.m = [ns.m, ns.m] %}{% endfor %}{{ ns.l == ns.m }}",
        "{% set ns = namespace(l=(0,), m=(0,)) %}{% for i in range(60) %}{% set ns.l = (ns.l, ns.l) %}{% endfor %}{{ {ns.l: 1} }}",
        "{% set ns = namespace(l=[]) %}{% for i in range(5000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}",
        "{{ 'x' * 10000000000 }}",
        "{{ [1] * 10000000000 }}",
        "{{ 'x'.ljust(10000000000) }}",
        "{{ 'x'.center(10000000000) }}",
        "{{ '5'.zfill(10000000000) }}",
        "{{ '\t'.expandtabs(2000000000) }}",
        "{{ '%1000000000d' % 5 }}",
        "{{ '%.1000000000f' % 5 }}",
        "{{ '{:1000000000}'.format(5) }}",
        "{{ '{:.1000000000f}'.format(5) }}",
        "{{ 5 | tojson(indent=1000000000) }}",
        "{{ 'a\nb' | indent(1000000000) }}",
        "{{ 'a' | center(1000000000) }}",
        "{{ [1] | batch(1000000000, 0) | list }}",
        "{{ [1] | slice(1000000000) | list }}",
        "{{ 10 ** 100000000 }}",
        "{{ 10 ** (10 ** (10 ** 10)) }}",
        "{% set ns = namespace(n=3) %}{% for i in range(60) %}{% set ns.n = ns.n * ns.n %}{% endfor %}",
        "{{ ('x' * 1000000).replace('x', 'y' * 1000000) }}",
        "{{ ('y' * 1000000).join(range(1000) | map('string')) }}",
        "{{ lipsum(100000000) }}",
        "{% set l = range(100000) | list %}{% for i in l %}{{ i in l }}{% endfor %}",
        "{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(1) }}",
        "{% macro m(n) %}{% for i in [1] recursive %}{{ m(n) }}{% endfor %}{% endmacro %}{{ m(1) }}",
        "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% macro a() %}{{ b() }}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{{ a() }}{% endmacro %}{{ a() }}",
        "{% block a %}{{ self.a() }}{% endblock %}",
        new string('(', 5000) + "1",
        "{{ " + new string('(', 5000) + "1" + new string(')', 5000) + " }}",
        "{{ " + new string('[', 5000) + "1" + new string(']', 5000) + " }}",
        "{{ " + string.Concat(Enumerable.Repeat("not ", 5000)) + "1 }}",
        "{{ " + new string('-', 5000) + "1 }}",
        "{{ 1" + string.Concat(Enumerable.Repeat(" + 1", 5000)) + " }}",
        "{{ x" + string.Concat(Enumerable.Repeat(".a", 5000)) + " }}",
        "{{ x" + string.Concat(Enumerable.Repeat(" | upper", 5000)) + " }}",
        "{{ 1" + string.Concat(Enumerable.Repeat(" if 1 else 2", 5000)) + " }}",
        string.Concat(Enumerable.Repeat("{% if 1 %}", 5000)),
        string.Concat(Enumerable.Repeat("{% for i in [1] %}", 5000)) + string.Concat(Enumerable.Repeat("{% endfor %}", 5000)),
        "{{ " + new string('9', 100_000) + " }}",
    ];

    [Theory]
    [MemberData(nameof(Hostile))]
    public void A_hostile_template_is_refused_in_bounded_time_and_memory(string template)
    {
        var watch = Stopwatch.StartNew();
        if (template.StartsWith("((", StringComparison.Ordinal)) template = "{{ " + template;
        Assert.Throws<ChatTemplateException>(() => ChatTemplateFixtures.Render(template));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), $"It took {watch.Elapsed}.");
    }

    [Fact]
    public void A_passed_limit_is_named()
    {
        Assert.Contains("MaxSteps", Refusal("{% for i in range(1000) %}{{ i }}{% endfor %}", new() { MaxSteps = 100 }));
        Assert.Contains("MaxOutputCharacters", Refusal("{{ 'x' * 100 }}", new() { MaxOutputCharacters = 99 }));
        Assert.Contains("MaxMadeCharacters", Refusal("{{ ('x' * 100) | length }}", new() { MaxMadeCharacters = 99 }));
        Assert.Contains("MaxDepth", Refusal("{% macro m(n) %}{{ m(n - 1) if n else 0 }}{% endmacro %}{{ m(3) }}", new() { MaxDepth = 3 }));
        Assert.Equal("0", ChatTemplateFixtures.Render("{% macro m(n) %}{{ m(n - 1) if n else 0 }}{% endmacro %}{{ m(3) }}", limits: new() { MaxDepth = 4 }));

        static string Refusal(string template, ChatTemplateLimits limits) => Assert.Throws<ChatTemplateException>(() => ChatTemplateFixtures.Render(template, limits: limits)).Reason;
    }

    [Fact]
    public void The_defaults_are_those_of_the_documentation()
    {
        var limits = ChatTemplateLimits.Default;
        Assert.Equal((16_777_216, 20_000_000L, 134_217_728L, 200), (limits.MaxOutputCharacters, limits.MaxSteps, limits.MaxMadeCharacters, limits.MaxDepth));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ChatTemplateLimits { MaxSteps = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ChatTemplateLimits { MaxOutputCharacters = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ChatTemplateLimits { MaxMadeCharacters = long.MaxValue });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ChatTemplateLimits { MaxDepth = 0 });
    }

    [Fact]
    public void A_template_that_is_too_long_is_refused() => Assert.Equal(ChatTemplateErrorKind.LimitExceeded, Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(new string('x', ChatTemplate.MaxSourceCharacters + 1))).Kind);

    [Fact]
    public void Rendering_can_be_cancelled()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        var template = ChatTemplate.Parse("{% for i in range(100000) %}{{ i }}{% endfor %}");
        Assert.Throws<OperationCanceledException>(() => template.Render([], new ChatTemplateOptions { Cancellation = stop.Token }));
    }

    [Fact]
    public void A_small_stack_is_no_crash()
    {
        ChatTemplateException? refused = null;
        var thread = new Thread(() => refused = Assert.Throws<ChatTemplateException>(() => ChatTemplateFixtures.Render("{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(1) }}", limits: new() { MaxDepth = 10_000 })), 512 * 1024);
        thread.Start();
        thread.Join();
        Assert.Equal(ChatTemplateErrorKind.RecursionError, refused!.Kind);
    }
}
