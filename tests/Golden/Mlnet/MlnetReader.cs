using System.Text.Json;
using Golden.Compilation;

namespace Golden.Mlnet;

/// <summary>Turns the cases of one file into C#, and knows which tolerances hold for its answers.</summary>
internal abstract class MlnetReader
{
    protected const string Context = "var ml = new MLContext(1);\n";
    protected const string TableAndOther = "var t = ReadTable(fixtureCase.GetProperty(\"input\"), \"columns\");\nvar other = ReadTable(fixtureCase.GetProperty(\"input\"), \"other\");\n";

    /// <summary>The reader of a file; null where there is none.</summary>
    public static MlnetReader? Of(string file) => Path.GetFileNameWithoutExtension(file) switch
    {
        "errors" or "transforms" or "trainers" or "laziness" or "save-load" or "log" => new CodeReader(Path.GetFileNameWithoutExtension(file)),
        "evaluate-multiclass" or "evaluate-binary" or "evaluate-regression" => new EvaluateReader(),
        "keys" => new KeysReader(),
        "split" => new SplitReader(),
        "schema" => new SchemaReader(),
        "textloader" => new TextLoaderReader(),
        "tokenizer-base" => new TokenizerReader(),
        _ => null,
    };

    /// <summary>The body of a case of this file; null where its description is not known.</summary>
    public abstract string? Body(JsonElement fixtureCase, JsonElement fixture);

    /// <summary>Classes that the file itself brings.</summary>
    public virtual IEnumerable<Source> Classes(JsonElement fixture) => [];

    /// <summary>Usings besides those that all files share.</summary>
    public virtual string Usings => """
        global using Microsoft.ML;
        global using Microsoft.ML.Data;
        global using Microsoft.ML.Runtime;
        global using Microsoft.ML.Trainers;
        global using Microsoft.ML.Transforms;
        global using Microsoft.ML.Transforms.Text;
        global using static MlnetFixtures.Walk;
        global using static Dumps;
        global using static Inputs;
        global using static Measured;
        """;

    /// <summary>Relative tolerance of the number at a path of the answer; null: it is not compared. Exact unless a reader says otherwise.</summary>
    public virtual double? Tolerance(string name, string path) => 0;

    /// <summary>Whether a node is left out of the comparison.</summary>
    public virtual bool Skips(JsonElement fixtureCase, string path) => false;

    /// <summary>Compares texts that hold numbers.</summary>
    public virtual bool SameText(string expected, string actual) => expected == actual;

    protected static string Return(string expression) => $"return Answer(() => {expression});";
}
