namespace Golden.Library;

/// <summary>Knows how the library answers the cases of some files.</summary>
internal abstract class CaseReader
{
    /// <summary>Whether this reader is for a file, given relative to its area with forward slashes.</summary>
    public abstract bool Reads(string file);

    /// <summary>Puts the case to the library and compares. Throws <see cref="UnsupportedException"/> where the library has no answer.</summary>
    public abstract void Verify(FixtureCase fixtureCase, Tally tally);
}
