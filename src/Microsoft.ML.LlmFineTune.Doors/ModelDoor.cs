using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.LlmFineTune.Doors;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(typeof(ITransformer), typeof(ModelDoor), null, typeof(SignatureLoadModel), "LlmFineTune transformer", ModelDoor.LoaderName)]

namespace Microsoft.ML.LlmFineTune.Doors;

/// <summary>Our transformers inside ML.NET's model files: every part is a zip entry of its own, found again by plain <c>Model.Load</c>.</summary>
internal static class ModelDoor
{
    /// <summary>The name under which ML.NET's component catalog knows our loader.</summary>
    internal const string LoaderName = "LlmFineTune";

    private const string Reader = "Microsoft.ML.LlmFineTune.Estimators.RowMapping.ModelReader, Microsoft.ML.LlmFineTune";

    /// <summary>Writes <paramref name="entries"/> (name and writer) where ML.NET's save context stands.</summary>
    internal static void Save(object context, IEnumerable<KeyValuePair<string, Action<Stream>>> entries) => ClosedDoor.Guard(
        "Saving with mlContext.Model.Save", "Save the transformer as a folder instead (SaveFolder).", () => Write(context, entries));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool Write(object context, IEnumerable<KeyValuePair<string, Action<Stream>>> entries)
    {
        var save = (ModelSaveContext)context;
        save.CheckAtModel();
        save.SetVersionInfo(Version());
        foreach (var (name, write) in entries)
            save.SaveBinaryStream(name, writer => write(writer.BaseStream));
        return true;
    }

    /// <summary>Found by ML.NET by its name and its parameters.</summary>
    internal static ITransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version());
        var reader = (IModelReader)Activator.CreateInstance(Type.GetType(Reader, throwOnError: true)!, nonPublic: true)!;
        return (ITransformer)reader.Read(env, (name, read) => ctx.TryLoadBinaryStream(name, binary => read(binary.BaseStream)));
    }

    private static VersionInfo Version() => new(
        modelSignature: "LLMFTUNE", verWrittenCur: 0x00010001, verReadableCur: 0x00010001, verWeCanReadBack: 0x00010001,
        loaderAssemblyName: typeof(ModelDoor).Assembly.GetName().Name!, loaderSignature: LoaderName);
}
