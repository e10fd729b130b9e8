using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Golden.Compilation;

/// <summary>A piece of C# and the name under which its errors are reported.</summary>
internal sealed record Source(string Name, string Text)
{
    private static readonly CSharpParseOptions Options = new(LanguageVersion.Latest);

    public SyntaxTree Parse() => CSharpSyntaxTree.ParseText(Text, Options, path: Name);

    /// <summary>A file of this program's Support folders, which is compiled at run time.</summary>
    public static Source Support(string name)
    {
        using var stream = typeof(Source).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"This program carries no file '{name}'.");
        using var reader = new StreamReader(stream);
        return new Source(name, reader.ReadToEnd());
    }
}
