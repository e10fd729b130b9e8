using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Golden.Compilation;

/// <summary>
/// Compiles many independent pieces in one compilation. What does not compile is taken out, remembered with the compiler's first error, and the rest is compiled again:
/// one missing member must not cost the cases that do without it.
/// </summary>
internal sealed class StrippingCompiler(IReadOnlyList<MetadataReference> references)
{
    /// <summary>Why something was taken out: by the name of a type, a member or a whole source.</summary>
    private readonly Dictionary<string, string> _stripped = new(StringComparer.Ordinal);

    /// <summary>A compiler with one reference more, which remembers what this one took out.</summary>
    public StrippingCompiler With(MetadataReference reference)
    {
        var compiler = new StrippingCompiler([.. references, reference]);
        foreach (var (name, reason) in _stripped) compiler._stripped[name] = reason;
        return compiler;
    }

    /// <summary>Compiles support code: members and types with errors are taken out one by one.</summary>
    public CompiledAssembly Support(string assemblyName, IEnumerable<Source> sources) => Compile(assemblyName, sources, []);

    /// <summary>Compiles support code together with cases; a case with an error is taken out whole.</summary>
    public CompiledAssembly Compile(string assemblyName, IEnumerable<Source> support, IEnumerable<Source> cases)
    {
        var supportTrees = support.Select(source => source.Parse()).ToList();
        var caseTrees = cases.Select(source => source.Parse()).ToList();
        var excluded = new Dictionary<string, string>(StringComparer.Ordinal);
        var options = new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Disable);
        while (true)
        {
            var compilation = CSharpCompilation.Create(assemblyName, supportTrees.Concat(caseTrees), references, options);
            var errors = Errors(compilation.GetDiagnostics());
            if (errors.Count == 0)
            {
                using var image = new MemoryStream();
                var emitted = compilation.Emit(image);
                if (emitted.Success) return new CompiledAssembly(assemblyName, image.ToArray(), excluded);
                errors = Errors(emitted.Diagnostics);
            }
            foreach (var ofTree in errors.GroupBy(error => error.Location.SourceTree ?? throw new InvalidOperationException(Text(error))))
            {
                if (caseTrees.Remove(ofTree.Key)) excluded[ofTree.Key.FilePath] = Explain(ofTree.First());
                else supportTrees[supportTrees.IndexOf(ofTree.Key)] = Strip(ofTree.Key, ofTree);
            }
        }
    }

    private static List<Diagnostic> Errors(IEnumerable<Diagnostic> diagnostics) => diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).OrderBy(d => d.Location.SourceSpan.Start).ToList();

    private static string Text(Diagnostic error) => $"{error.Id}: {error.GetMessage(System.Globalization.CultureInfo.InvariantCulture)}";

    /// <summary>The compiler's error; when it is about something that was taken out itself, also why.</summary>
    private string Explain(Diagnostic error)
    {
        var text = Text(error);
        foreach (var (name, reason) in _stripped)
            if (text.Contains($"'{name}'", StringComparison.Ordinal)) return $"{text} (left out: {reason})";
        return text;
    }

    private SyntaxTree Strip(SyntaxTree tree, IEnumerable<Diagnostic> errors)
    {
        var root = tree.GetRoot();
        var nodes = new HashSet<SyntaxNode>();
        foreach (var error in errors)
        {
            var node = Removable(root.FindNode(error.Location.SourceSpan)) ?? throw new InvalidOperationException($"{tree.FilePath}: {Text(error)}");
            if (nodes.Add(node)) _stripped.TryAdd(NameOf(node), Explain(error));
        }
        // A node inside another that goes too needs no removal of its own.
        var outermost = nodes.Where(node => !node.Ancestors().Any(nodes.Contains));
        return tree.WithRootAndOptions(root.RemoveNodes(outermost, SyntaxRemoveOptions.KeepNoTrivia)!, tree.Options);
    }

    /// <summary>A static member can go alone; of anything else the whole type goes.</summary>
    private static SyntaxNode? Removable(SyntaxNode at)
    {
        foreach (var node in at.AncestorsAndSelf())
        {
            if (node is UsingDirectiveSyntax or BaseTypeDeclarationSyntax or DelegateDeclarationSyntax) return node;
            if (node is MemberDeclarationSyntax member and not (BaseNamespaceDeclarationSyntax or ConstructorDeclarationSyntax) && member.Modifiers.Any(SyntaxKind.StaticKeyword)) return node;
        }
        return null;
    }

    private static string NameOf(SyntaxNode node) => node switch
    {
        BaseTypeDeclarationSyntax type => type.Identifier.Text,
        DelegateDeclarationSyntax type => type.Identifier.Text,
        MethodDeclarationSyntax method => method.Identifier.Text,
        PropertyDeclarationSyntax property => property.Identifier.Text,
        FieldDeclarationSyntax field => field.Declaration.Variables[0].Identifier.Text,
        UsingDirectiveSyntax { Alias: { } alias } => alias.Name.Identifier.Text,
        _ => node.ToString(),
    };
}

/// <summary>The outcome of a compilation: the image, and the error of each case that is not in it, by the name of its source.</summary>
internal sealed record CompiledAssembly(string Name, byte[] Image, IReadOnlyDictionary<string, string> Excluded)
{
    public MetadataReference Reference() => MetadataReference.CreateFromImage(Image);

    public string Save(string folder)
    {
        var path = Path.Combine(folder, Name + ".dll");
        File.WriteAllBytes(path, Image);
        return path;
    }
}
