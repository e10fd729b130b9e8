using System.Runtime.CompilerServices;
using Microsoft.ML.Data;

namespace Microsoft.ML.LlmFineTune.Doors;

/// <summary>From a catalog (<c>mlContext.MulticlassClassification.Trainers</c>, <c>mlContext.Transforms.Text</c>) to the environment behind it.</summary>
internal static class EnvironmentDoor
{
    /// <summary>The <c>IHostEnvironment</c> that <paramref name="catalog"/> was made by: for catalogs of a context, the <c>MLContext</c> itself.</summary>
    /// <remarks>Typed as <see cref="object"/>, so that who compiles against the genuine assemblies never meets the stub's identity.</remarks>
    internal static object Of(object catalog) => ClosedDoor.Guard(
        "Finding the MLContext behind a catalog", "Use the verbs of mlContext.LanguageModels, which need no such member.", () => Read(catalog));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static object Read(object catalog) => ((IInternalCatalog)catalog).Environment;
}
