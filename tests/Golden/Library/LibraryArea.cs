using System.Text.Json;

namespace Golden.Library;

/// <summary>An area whose cases the library itself answers, file by file.</summary>
internal sealed class LibraryArea(string name, params CaseReader[] readers) : FixtureArea
{
    public override string Name => name;

    public override IEnumerable<CaseResult> Run(string folder, RunOptions options)
    {
        if (options.CompileAgainst is not null) yield break;
        foreach (var file in FixtureFiles.In(folder).Where(options.WantsFile))
        {
            using var fixture = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, file)));
            var reader = Array.Find(readers, r => r.Reads(file));
            foreach (var c in FixtureFiles.Cases(folder, file, fixture.RootElement).Where(c => options.WantsCase(c.Name)))
                yield return reader is null ? CaseResult.Unsupported($"{name}/{file}", c.Name, "the library does not have this yet") : Verify(reader, c);
        }
    }

    private CaseResult Verify(CaseReader reader, FixtureCase c)
    {
        var label = $"{name}/{c.File}";
        var tally = new Tally();
        try
        {
            reader.Verify(c, tally);
            return tally.Result(label, c.Name);
        }
        catch (UnsupportedException e)
        {
            return CaseResult.Unsupported(label, c.Name, e.Message);
        }
        catch (Exception e)
        {
            return new CaseResult(label, c.Name, Verdict.Failed, tally.Compared, tally.LargestError, $"{e.GetType().Name}: {e.Message}");
        }
    }
}
